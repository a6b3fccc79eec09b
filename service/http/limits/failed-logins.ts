import type { Clock } from '../../clock.ts'
import { BusError } from '../../errors.ts'
import type { Client } from '../auth/device.ts'
import type { Window } from '../settings.ts'
import { addressGroup, siteOf } from './address-group.ts'
import { Windows } from './windows.ts'

/** Clients that are remembered; a flood of them forgets the oldest. */
const MOST_KNOWN = 10_000
/** A /48 has 65,536 networks to guess from; all together they may get it wrong so many times as often as one. */
const SITE_TIMES = 8
/** A right secret of a client known by its name passes until that name had so many times the wrong ones that it may have. */
const NAMED_TIMES = 8

/** What may be guessed. Each is known by itself: a client that showed one of them has not shown the others. */
export type Secret = 'api_key' | 'admin_token' | 'password' | 'metrics'

type Bound = { window: string; most: number }

/**
 * Wrong credentials, counted in windows. Once a window is full, nothing that could have been guessed is let in by it until it
 * ends, right or wrong: the answers would tell which. A secret too long to guess is always let in.
 *
 * An address has one window, and so has the /48 that an IPv6 address is of. A client that was let in has a window of its own
 * from then on, for that secret: so those who share its address, or a proxy, cannot lock it out by their guesses, and it cannot guess
 * without limit either. Only a right secret makes a client known, so nobody can make windows for himself to guess in.
 *
 * A browser is known by a cookie that cannot be guessed. Others are known by address and `User-Agent`, which somebody
 * behind the same address can also send: so their right secret passes a full window, until so many were wrong that it is no accident.
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

  /** Not to be asked about a right secret that is too long to guess. @param right whether it is the right one */
  admits(secret: Secret, client: Client, right: boolean): boolean {
    if (this.#failures.size === 0) return true
    this.#failures.dropEnded()
    return this.#full(secret, client, right) === undefined
  }

  /** To be called when a guessable secret was right, and admitted, of a client without a cookie. */
  letIn(secret: Secret, client: Client): void {
    const name = byAgent(secret, client)
    if (this.#known.has(name)) return
    if (this.#known.size >= MOST_KNOWN) this.#known.delete(this.#known.keys().next().value!)
    this.#known.add(name)
  }

  count(secret: Secret, client: Client): void {
    for (const { window } of this.#boundsOf(secret, client, false)) {
      this.#failures.hit(window, this.#limit.windowMs)
    }
  }

  /** The answer to a client that is not admitted. */
  refusal(secret: Secret, client: Client, right: boolean): BusError {
    this.#observer.rateLimited()
    const full = this.#full(secret, client, right)
    const name = byAgent(secret, client)
    // Beyond what is looked at, these still tell a guesser from an accident.
    if (!right && full?.window === name) this.#failures.hit(name, this.#limit.windowMs)
    const seconds = Math.ceil((full === undefined ? 0 : this.#failures.peek(full.window)!.ttl) / 1000)
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

  #full(secret: Secret, client: Client, right: boolean): Bound | undefined {
    return this.#boundsOf(secret, client, right).find(
      ({ window, most }) => (this.#failures.peek(window)?.current ?? 0) >= most,
    )
  }

  #boundsOf(secret: Secret, client: Client, right: boolean): Bound[] {
    const { max } = this.#limit
    if (secret === 'password' && client.device !== null) {
      return [{ window: `device ${client.device}`, most: max }]
    }
    const name = byAgent(secret, client)
    if (this.#known.has(name)) return [{ window: name, most: right ? NAMED_TIMES * max : max }]
    const site = siteOf(client.address)
    const own = { window: addressGroup(client.address), most: max }
    return site === null ? [own] : [own, { window: site, most: SITE_TIMES * max }]
  }
}

const byAgent = (secret: Secret, { address, agent }: Client): string =>
  `${secret} ${addressGroup(address)} ${agent}`
