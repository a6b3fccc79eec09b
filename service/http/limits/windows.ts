import type { Clock } from '../../clock.ts'

type Counted = { count: number; endsAt: number }

/**
 * Fixed windows on bus time: the first request opens one, the last ms of it closes it. Kept in memory only: a restart
 * forgives, which costs nobody anything.
 */
export class Windows {
  readonly #clock: Clock
  readonly #capacity: number
  readonly #windows = new Map<string, Counted>()

  /** @param capacity windows kept at once; beyond it the oldest go, so that a flood of addresses cannot fill the memory */
  constructor(clock: Clock, capacity = 50_000) {
    this.#clock = clock
    this.#capacity = capacity
  }

  /** @returns how many there were in this window, this one included, and the ms until it ends (at least 1) */
  hit(name: string, windowMs: number, times = 1): { current: number; ttl: number } {
    const now = this.#clock.now()
    let window = this.#windows.get(name)
    if (window === undefined || window.endsAt <= now) {
      this.#windows.delete(name)
      this.#makeRoom()
      window = { count: 0, endsAt: now + windowMs }
      this.#windows.set(name, window)
    }
    window.count += times
    return { current: window.count, ttl: window.endsAt - now }
  }

  get size(): number {
    return this.#windows.size
  }

  /** The window as it stands, or `undefined` when none is open. Counts nothing. */
  peek(name: string): { current: number; ttl: number } | undefined {
    const window = this.#windows.get(name)
    const ttl = window === undefined ? 0 : window.endsAt - this.#clock.now()
    return window === undefined || ttl <= 0 ? undefined : { current: window.count, ttl }
  }

  /** Drops what ended, as far as it is the oldest: nearly all of it, at no cost when there is none. */
  dropEnded(): void {
    const now = this.#clock.now()
    for (const [name, { endsAt }] of this.#windows) {
      if (endsAt > now) return
      this.#windows.delete(name)
    }
  }

  forget(name: string): void {
    this.#windows.delete(name)
  }

  clear(): void {
    this.#windows.clear()
  }

  /** Drops the windows that have ended. @returns how many those were */
  prune(now: number): number {
    let gone = 0
    for (const [name, window] of this.#windows) {
      if (window.endsAt > now) continue
      this.#windows.delete(name)
      gone += 1
    }
    return gone
  }

  #makeRoom(): void {
    if (this.#windows.size < this.#capacity) return
    const oldest = this.#windows.keys().next()
    if (!oldest.done) this.#windows.delete(oldest.value)
  }
}
