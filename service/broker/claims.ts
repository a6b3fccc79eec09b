/** Claims: what is there is taken at once, and whoever is patient waits for more. */
import type { Clock } from '../clock.ts'
import type { Ask, KeyId } from '../intent/routing.ts'
import type { Nonce } from '../store/operations.ts'
import type { Claimed } from '../store/outcomes.ts'
import type { Readied } from '../store/store.ts'
import type { Submit } from './group-commit.ts'
import type { Chance } from './identity.ts'
import type { Observer } from './observer.ts'
import { accept } from './refusals.ts'
import type { ClaimTerms, Patience } from './verbs.ts'
import { type Waiter, Waiters } from './waiters.ts'

const RETRY_MS = 1000
/** Then the lease runs out by itself. */
const RELEASE_TRIES = 30

export class Claims {
  readonly #submit: Submit
  readonly #clock: Clock
  readonly #chance: Chance
  readonly #observer: Observer
  readonly #leaseMs: number
  readonly #waiters = new Waiters()
  #draining = false

  /** @param leaseMs how long a lease is when nothing else is asked for */
  constructor(submit: Submit, clock: Clock, chance: Chance, observer: Observer, leaseMs: number) {
    this.#submit = submit
    this.#clock = clock
    this.#chance = chance
    this.#observer = observer
    this.#leaseMs = leaseMs
  }

  /** Workers in a long poll. */
  get waiting(): number {
    return this.#waiters.size
  }

  waitingByNamespace(): Map<string, number> {
    return this.#waiters.byNamespace()
  }

  /** Rouses whoever waits for work that a transaction has made ready. */
  offer(work: Readied): void {
    this.#waiters.offer(work)
  }

  /** Sends those with this key away, or everybody. */
  dismiss(keyId?: KeyId): void {
    this.#waiters.dismiss(keyId)
  }

  /** Sends everybody away, and lets nobody wait any more. */
  beginDrain(): void {
    this.#draining = true
    this.#waiters.dismiss()
  }

  /** @returns empty when there is nothing this worker may take */
  async take(ask: Ask, { most, leaseMs }: ClaimTerms, nonce: Nonce): Promise<Claimed[]> {
    const tokens = Array.from({ length: most }, () => this.#chance.token())
    const claimed = accept(
      await this.#submit({ kind: 'claim', ask, tokens, leaseMs: leaseMs ?? this.#leaseMs, nonce }),
    )
    if (claimed.length === 0) this.#observer.claimedNothing()
    for (const { route, waitedMs } of claimed) this.#observer.claimed(route.namespace, waitedMs)
    return claimed
  }

  /** Takes what there is, or waits for it. @returns empty when there was nothing until patience ended */
  async await(ask: Ask, terms: ClaimTerms, patience: Patience, nonce: Nonce): Promise<Claimed[]> {
    const waiter = this.#waiters.enter(ask)
    let over = false
    const giveUp = () => {
      over = true
      waiter.rouse?.(false)
    }
    const callOff = this.#clock.after(patience.waitMs, giveUp)
    patience.gone.addEventListener('abort', giveUp, { once: true })
    patience.sentAway.addEventListener('abort', giveUp, { once: true })
    try {
      let claimed = await this.#takeFor(waiter, ask, terms, patience.gone, nonce)
      while (claimed.length === 0 && !over && !this.#draining && (await this.#waiters.sleep(waiter))) {
        claimed = await this.#takeFor(waiter, ask, terms, patience.gone, null)
      }
      return claimed
    } finally {
      callOff()
      patience.gone.removeEventListener('abort', giveUp)
      this.#waiters.leave(waiter)
    }
  }

  /** Nothing is taken for a client that is gone; what was taken while it went is given back. */
  async #takeFor(
    waiter: Waiter,
    ask: Ask,
    terms: ClaimTerms,
    gone: AbortSignal,
    nonce: Nonce,
  ): Promise<Claimed[]> {
    if (gone.aborted) return []
    let claimed: Claimed[] = []
    try {
      claimed = await this.take(ask, terms, nonce)
    } catch (error) {
      // Passed on later: at once, one bad disk would fail everybody who waits.
      const route = waiter.ticket
      if (route !== null) this.#clock.after(RETRY_MS, () => this.#waiters.offer({ route, count: 1 }))
      throw error
    } finally {
      this.#waiters.attempted(waiter, claimed)
    }
    if (!gone.aborted) return claimed
    this.giveBack(claimed)
    return []
  }

  giveBack(claimed: readonly Claimed[]): void {
    for (const { id, token } of claimed) this.#giveBack(id, token, RELEASE_TRIES)
  }

  #giveBack(id: string, token: string, tries: number): void {
    this.#submit({ kind: 'release', id, token }).catch(() => {
      if (tries > 1) this.#clock.after(RETRY_MS, () => this.#giveBack(id, token, tries - 1))
    })
  }
}
