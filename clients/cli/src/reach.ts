/** Whose intents a command lists, cancels and opens again: all of them for an admin, or those that its own key published. */
import type { Admin, IntentBus } from '@intent-bus/client/index'
import { EXIT } from './exit-codes.ts'
import { Failure, isOf } from './failure.ts'
import type { Session } from './program.ts'

export type Reach = Pick<Admin, 'intents' | 'cancel' | 'retry'>

export const MINE = ['--mine', 'only what this key published, even with an admin token'] as const

/** An admin token opens all; the admin's calls are those that older buses have too. @param mine for the publisher's all the same */
export function reachOf({ bus, settings }: Pick<Session, 'bus' | 'settings'>, mine = false): Reach {
  return mine || settings.adminToken === undefined ? asPublisher(bus) : bus.admin
}

/** Unix seconds by the clock that moves the intents of the bus: that of this device may be wrong. Takes an admin token. */
export const adminNow = async (bus: IntentBus): Promise<number> => (await bus.admin.overview()).now

/** The bus's own time, if there is an admin token. With a key alone it is the wall clock of the bus's machine, which somebody may have set. */
export const busNow = async ({ bus, settings }: Pick<Session, 'bus' | 'settings'>): Promise<number> =>
  settings.adminToken === undefined ? (await bus.health()).ts : adminNow(bus)

/** For what came after the first release. @param what can be done with the bus that is there */
export const olderBus = (what: string): Failure =>
  new Failure(`This bus is of an older version: it has to be later than 0.1.0. ${what}`, EXIT.refused)

function asPublisher(bus: IntentBus): Reach {
  return {
    intents: filter => listed(bus, filter),
    cancel: id => moved(bus, () => bus.cancel(id)),
    retry: id => moved(bus, () => bus.retry(id)),
  }
}

const adminOnly = () =>
  olderBus('Until then only an admin lists, cancels and retries: set BUS_ADMIN_TOKEN, and leave out --mine.')

async function* listed(bus: IntentBus, filter: Parameters<Reach['intents']>[0]) {
  try {
    yield* bus.intents(filter)
  } catch (error) {
    // A list may be empty, but is always there.
    throw isOf(error, 'not_found') ? adminOnly() : error
  }
}

/** A bus without this call answers as one without this intent does. Whether it has the list tells which. */
async function moved<Moved>(bus: IntentBus, move: () => Promise<Moved>): Promise<Moved> {
  try {
    return await move()
  } catch (error) {
    if (isOf(error, 'not_found')) await listed(bus, {}).next()
    throw error
  }
}
