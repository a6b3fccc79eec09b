import rateLimit from '@fastify/rate-limit'
import type { Clock } from '../../clock.ts'
import { BusError } from '../../errors.ts'
import type { Window } from '../settings.ts'
import { Windows } from './windows.ts'

/** Pairs of credential and address that are remembered; a flood of them forgets the oldest. */
const MOST_KNOWN = 10_000

/**
 * Wrong credentials, counted per client address. Once there are too many, nothing that could have been guessed is let in
 * from there until the window ends, right or wrong. Two things still are: secrets too long to guess, or anybody could
 * lock out whoever shares an address or a proxy with him; and what the address was let in with before.
 */
export class FailedLogins {
  readonly #limit: Window
  readonly #failures: Windows
  readonly #known = new Set<string>()
  readonly #observer: { rateLimited(): void }

  constructor(limit: Window, clock: Clock, observer: { rateLimited(): void }) {
    this.#limit = limit
    this.#failures = new Windows(clock)
    this.#observer = observer
  }

  /** @param credential whose it is, never the secret itself; `null`: it is wrong */
  admits(credential: string | null, guessable: boolean, address: string): boolean {
    if (this.#failures.size === 0 || (credential !== null && !guessable)) return true
    this.#failures.dropEnded()
    const failures = this.#failures.peek(group(address))
    if (failures === undefined || failures.current < this.#limit.max) return true
    return credential !== null && this.#known.has(pair(credential, address))
  }

  letIn(credential: string, address: string): void {
    const known = pair(credential, address)
    if (this.#known.has(known)) return
    if (this.#known.size >= MOST_KNOWN) this.#known.delete(this.#known.keys().next().value!)
    this.#known.add(known)
  }

  count(address: string): void {
    this.#failures.hit(group(address), this.#limit.windowMs)
  }

  /** The answer to an address that is not admitted. */
  refusal(address: string): BusError {
    this.#observer.rateLimited()
    const seconds = Math.ceil((this.#failures.peek(group(address))?.ttl ?? 0) / 1000)
    return new BusError(
      'rate_limited',
      `Too many requests with wrong credentials from this address. Try again in ${seconds} s.`,
      seconds,
    )
  }

  prune(now: number): number {
    return this.#failures.prune(now)
  }

  clear(): void {
    this.#failures.clear()
  }
}

/** One IPv6 subscriber has a whole /64 to come from; and some proxies add the port, which is another one each time. */
function group(address: string): string {
  const bare = /^(\d+(?:\.\d+){3}):\d+$|^\[([^\]]+)\](?::\d+)?$/.exec(address)
  return rateLimit.normalizeIP(bare?.[1] ?? bare?.[2] ?? address)
}
const pair = (credential: string, address: string): string => `${credential} ${address}`
