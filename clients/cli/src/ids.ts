/** Ids as they are typed: whole, or as lists show them in a terminal, their first digits. */
import { EXIT } from './exit-codes.ts'
import { Failure } from './failure.ts'
import type { Session } from './program.ts'
import { olderBus, reachOf } from './reach.ts'

const WHOLE = 32
/** An id begins with its time to the millisecond and a count of those in it: so many digits are one bus's alone. */
const SHOWN = 16
/** The time alone. The bus looks up no fewer. */
const LEAST = 12
/** How many an error names. */
const NAMED = 3

export const shortId = (id: string): string => id.slice(0, SHOWN)

/**
 * @returns the ids that were meant, in the order given. Whole ones are not looked up
 * @throws {Failure} for what is no id, or the beginning of none, or of several that the list of this key or admin has
 */
export async function wholeIds(session: Session, given: readonly string[], mine = false): Promise<string[]> {
  for (const each of given) {
    if (/^[0-9a-f]{12,32}$/.test(each)) continue
    throw new Failure(
      `An id is ${WHOLE} hex digits (0-9, a-f), as publish prints it, or its first ${LEAST} or more; it got "${each}".`,
    )
  }
  const whole: string[] = []
  for (const each of given) whole.push(each.length === WHOLE ? each : await meant(session, each, mine))
  return whole
}

async function meant(session: Session, beginning: string, mine: boolean): Promise<string> {
  const found: string[] = []
  for await (const { id } of reachOf(session, mine).intents({ id: beginning })) {
    // An older bus passes over what it does not know, and lists all.
    if (!id.startsWith(beginning)) throw olderBus(`It takes an id whole, with all its ${WHOLE} digits.`)
    found.push(id)
    if (found.length > NAMED) break
  }
  if (found.length === 1) return found[0]!
  if (found.length === 0) {
    const isOwn = session.settings.adminToken === undefined || mine
    throw new Failure(
      isOwn
        ? `No intent that this key published has an id that begins with ${beginning}.`
        : `No intent's id begins with ${beginning}.`,
      EXIT.notFound,
      `The whole id has ${WHOLE} digits; with it, a worker also finds what another key published.`,
    )
  }
  const some = found.length > NAMED ? [...found.slice(0, NAMED), '…'] : found
  throw new Failure(
    `Several ids begin with ${beginning}: ${some.join(', ')}`,
    EXIT.usage,
    'Type more of its digits.',
  )
}
