import type { FastifyReply, FastifyRequest } from 'fastify'
import { BusError } from '../../errors.ts'
import type { KeyId } from '../../intent/routing.ts'
import { hangUp } from '../connections/hang-up.ts'
import { callerOf } from '../request.ts'
import { addressGroup } from './address-group.ts'

const RETRY_S = 5

/** A request that waits. `gone` fires when its client hangs up, `sentAway` when its place is needed: it is answered then. */
export type LongPoll = { readonly gone: AbortSignal; readonly sentAway: AbortSignal; release(): void }

type Held = { keyId: KeyId; remoteAddress: string; sendAway(): void }

/**
 * Requests that wait for work or for a result. Each holds a connection for up to a minute, so an issued key may have only so
 * many at once, and one of them can be answered early to make room.
 */
export class LongPolls {
  readonly #mostPerKey: number
  readonly #observer: { longPollRefused(): void }
  /** By key, in order of arrival. */
  readonly #held = new Map<KeyId, Set<Held>>()

  constructor(mostPerKey: number, observer: { longPollRefused(): void }) {
    this.#mostPerKey = mostPerKey
    this.#observer = observer
  }

  /** The master key has no limit. @throws {BusError} `limit_exceeded` */
  hold(request: FastifyRequest, reply: FastifyReply): LongPoll {
    const { keyId, isMaster } = callerOf(request)
    const those = this.#held.get(keyId) ?? new Set()
    if (!isMaster && those.size >= this.#mostPerKey) {
      this.#observer.longPollRefused()
      throw new BusError(
        'limit_exceeded',
        `This key has ${those.size} requests waiting already, as many as a key may have (BUS_MAX_LONG_POLLS_PER_KEY).`,
        RETRY_S,
      )
    }
    const sentAway = new AbortController()
    const held: Held = {
      keyId,
      remoteAddress: request.raw.socket.remoteAddress ?? '',
      sendAway: () => {
        reply.header('connection', 'close')
        sentAway.abort()
      },
    }
    this.#held.set(keyId, those.add(held))
    request.waits = true
    return { gone: hangUp(reply), sentAway: sentAway.signal, release: () => this.#release(held) }
  }

  /**
   * Answers the one that has waited longest, of the key that has most of them waiting, and closes its connection.
   *
   * @param address only connections of this group of addresses; `null`: any
   * @returns whether there was one
   */
  sendOneAway(address: string | null): boolean {
    let chosen: Held | undefined
    let most = 0
    for (const those of this.#held.values()) {
      if (those.size <= most) continue
      const first = address === null ? those.values().next().value : firstFrom(those, address)
      if (first === undefined) continue
      chosen = first
      most = those.size
    }
    if (chosen === undefined) return false
    this.#release(chosen)
    chosen.sendAway()
    return true
  }

  #release(held: Held): void {
    const those = this.#held.get(held.keyId)
    if (those?.delete(held) && those.size === 0) this.#held.delete(held.keyId)
  }
}

function firstFrom(those: ReadonlySet<Held>, address: string): Held | undefined {
  for (const held of those) if (addressGroup(held.remoteAddress) === address) return held
  return undefined
}
