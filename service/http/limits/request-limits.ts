import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../clock.ts'
import { BusError } from '../../errors.ts'
import type { KeyId } from '../../intent/routing.ts'
import type { Caller } from '../auth/keys.ts'
import { callerOf } from '../request.ts'
import type { AppSettings } from '../settings.ts'
import { BodyRoom, roomBytes } from './body-room.ts'
import { FailedLogins } from './failed-logins.ts'
import { RefusedNonces } from './refused-nonces.ts'
import { Windows } from './windows.ts'

export type LimitsObserver = { rateLimited(): void }

/** How often a key may call, and how often an address may get its credentials wrong. */
export type RequestLimits = {
  /** Counts a request against its key. The master key has no limit. @throws {BusError} `rate_limited` */
  count(request: FastifyRequest, reply: FastifyReply): Promise<void>
  /** Each item of a request that carries many counts as a request; the request itself was the first. @throws {BusError} `rate_limited` */
  countItems(request: FastifyRequest, reply: FastifyReply, items: number): Promise<void>
  /**
   * For a batch before its body is read: a key that has used up its window is refused, and one that has too many under way.
   * @throws {BusError} `rate_limited`, `overloaded`
   */
  enterBatch(request: FastifyRequest, reply: FastifyReply): void
  /** For any other body that is not small, before more of it is read. @throws {BusError} `overloaded` */
  enterBody(request: FastifyRequest, bytes: number): void
  failedLogins: FailedLogins
  refusedNonces: RefusedNonces
  forget(keyId: KeyId): void
  clear(): void
  /** @returns how many ended windows were dropped */
  prune(): number
}

type WindowState = { max: number; remaining: number; ttlInSeconds: number }

/** Requests in a window: the key's own limit, or the bus's. */
const mostOf = ({ issued }: Caller, { rateLimit }: Pick<AppSettings, 'rateLimit'>): number =>
  issued?.rateLimit ?? rateLimit.max

/** What an admin can do about it. A batch that is too large needs as much as a flood of requests does. */
const remedyFor = ({ issued }: Caller): string =>
  `An admin can raise it: intent-bus keys change ${issued?.id} --rate 600`

const windowOf = (keyId: KeyId): string => `key:${keyId}`

export async function requestLimits(
  app: FastifyInstance,
  settings: Pick<AppSettings, 'rateLimit' | 'authFailureLimit' | 'batchBodyLimitBytes'>,
  clock: Clock,
  observer: LimitsObserver,
): Promise<RequestLimits> {
  const windows = new Windows(clock)
  await app.register(rateLimit, { global: false, store: storeOver(windows) })

  const perKey = app.createRateLimit({
    max: request => mostOf(callerOf(request), settings),
    timeWindow: settings.rateLimit.windowMs,
    keyGenerator: request => windowOf(callerOf(request).keyId),
  })
  const limitOf = (caller: Caller, max: number): string =>
    `This key may send ${max} in ${settings.rateLimit.windowMs / 1000} s. ${remedyFor(caller)}`
  const refusedNonces = new RefusedNonces()
  const room = new BodyRoom(roomBytes())
  const enter = (request: FastifyRequest, bytes: number, isBatch: boolean): void => {
    const taken = room.enter({ keyId: callerOf(request).keyId, bytes, isBatch })
    request.hasRoom = true
    request.response.once('close', () => room.leave(taken))
  }
  const failedLogins = new FailedLogins(settings.authFailureLimit, clock, observer)

  const count = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    request.counted = true
    if (callerOf(request).isMaster) return
    const state = await perKey(request)
    if (state.isAllowed) return
    say(reply, state)
    if (state.isExceeded) refuse(request, reply, state)
  }

  const say = (reply: FastifyReply, { max, remaining, ttlInSeconds }: WindowState): void => {
    reply.header('x-ratelimit-limit', max)
    reply.header('x-ratelimit-remaining', remaining)
    reply.header('x-ratelimit-reset', ttlInSeconds)
  }

  function refuse(request: FastifyRequest, reply: FastifyReply, state: WindowState): never {
    say(reply, state)
    observer.rateLimited()
    const seconds = state.ttlInSeconds
    throw new BusError(
      'rate_limited',
      `Too many requests. Try again in ${seconds} s. ${limitOf(callerOf(request), state.max)}`,
      seconds,
    )
  }

  return {
    count,
    async countItems(request, reply, items) {
      if (callerOf(request).isMaster || items < 2) return
      const max = mostOf(callerOf(request), settings)
      if (items > max) {
        throw new BusError(
          'invalid_request',
          `${items} items are more than a key may send in a window (${max}). Send fewer at once. ${remedyFor(callerOf(request))}`,
        )
      }
      // All but the last one here; `count` adds that, and says whether it was too many.
      windows.hit(windowOf(callerOf(request).keyId), settings.rateLimit.windowMs, items - 2)
      await count(request, reply)
    },
    enterBatch(request, reply) {
      const caller = callerOf(request)
      const window = caller.isMaster ? undefined : windows.peek(windowOf(caller.keyId))
      const max = mostOf(caller, settings)
      if (window !== undefined && window.current >= max) {
        refuse(request, reply, { max, remaining: 0, ttlInSeconds: Math.ceil(window.ttl / 1000) })
      }
      const most = settings.batchBodyLimitBytes
      const bytes = Math.min(most, Number(request.headers['content-length'] ?? most))
      enter(request, bytes, true)
    },
    enterBody(request, bytes) {
      if (request.caller !== null && !request.hasRoom) enter(request, bytes, false)
    },
    failedLogins,
    refusedNonces,
    forget(keyId) {
      windows.forget(windowOf(keyId))
      refusedNonces.forget(keyId)
    },
    clear() {
      windows.clear()
      failedLogins.clear()
      refusedNonces.clear()
    },
    prune() {
      refusedNonces.prune(clock.now())
      return windows.prune(clock.now()) + failedLogins.prune(clock.now())
    },
  }
}

/** The plugin wants a class to make its stores of; all of ours share the one table of windows. */
function storeOver(windows: Windows) {
  return class SharedStore {
    incr(
      name: string,
      done: (error: Error | null, result?: { current: number; ttl: number }) => void,
      windowMs: number,
    ): void {
      done(null, windows.hit(name, windowMs))
    }

    child(): SharedStore {
      return this
    }
  }
}
