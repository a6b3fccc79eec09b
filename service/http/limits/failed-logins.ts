import type { Clock } from '../../clock.ts'
import { BusError } from '../../errors.ts'
import type { Client } from '../auth/device.ts'
import type { Window } from '../settings.ts'
import { addressGroup } from './address-group.ts'
import { Windows } from './windows.ts'

/** Clients that are remembered; a flood of them forgets the oldest. */
const MOST_KNOWN = 10_000

/** What may be guessed. Each is known by itself: a client that showed one of them has not shown the others. */
export type Secret = 'api_key' | 'admin_token' | 'password' | 'metrics'

/**
 * Wrong credentials, counted in windows. Once a window is full, nothing that could have been guessed is let in by it until it
 * ends, right or wrong: the answers would tell which. A secret too long to guess is always let in.
 *
 * An address has one window. A client that was let in has a window of its own from then on, for that secret: so those who
 * share its address, or a proxy, cannot lock it out by their guesses, and it cannot guess without limit either. Only a
 * right secret makes a client known, so nobody can make windows for himself to guess in.
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

  /** Not to be asked about a right secret that is too long to guess. */
  admits(secret: Secret, client: Client): boolean {
    if (this.#failures.size === 0) return true
    this.#failures.dropEnded()
    const failures = this.#failures.peek(this.#windowOf(secret, client))
    return failures === undefined || failures.current < this.#limit.max
  }

  /** To be called when a guessable secret was right, and admitted. */
  letIn(secret: Secret, client: Client): void {
    const name = client.device === null ? byAgent(secret, client) : byDevice(secret, client.device)
    if (this.#known.has(name)) return
    if (this.#known.size >= MOST_KNOWN) this.#known.delete(this.#known.keys().next().value!)
    this.#known.add(name)
  }

  /** Whether this client's cookie is that of a browser that was let in. */
  isKnownDevice(secret: Secret, { device }: Client): boolean {
    return device !== null && this.#known.has(byDevice(secret, device))
  }

  count(secret: Secret, client: Client): void {
    this.#failures.hit(this.#windowOf(secret, client), this.#limit.windowMs)
  }

  /** The answer to a client that is not admitted. */
  refusal(secret: Secret, client: Client): BusError {
    this.#observer.rateLimited()
    const seconds = Math.ceil((this.#failures.peek(this.#windowOf(secret, client))?.ttl ?? 0) / 1000)
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

  #windowOf(secret: Secret, client: Client): string {
    if (this.isKnownDevice(secret, client)) return byDevice(secret, client.device!)
    const name = byAgent(secret, client)
    return this.#known.has(name) ? name : addressGroup(client.address)
  }
}

/** Wherever it comes from: a phone changes its address. */
const byDevice = (secret: Secret, device: string): string => `${secret} device ${device}`
const byAgent = (secret: Secret, { address, agent }: Client): string =>
  `${secret} ${addressGroup(address)} ${agent}`
