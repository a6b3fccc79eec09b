import type { Clock } from '../../clock.ts'

type Timer = { at: number; wake: () => void }

/** A moment in 2027. The exact one matters to nobody; that it is the same in each run does. */
const START_MS = 1_800_000_000_000

/** Bus time that stands still until a test moves it. Timers run at their own time, in order, each to its end. */
export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>()
  readonly #settle: () => Promise<void>
  #now: number

  /** @param settle resolves when what a timer set in motion has come to rest */
  constructor(settle: () => Promise<void> = async () => {}, now = START_MS) {
    this.#settle = settle
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  after(ms: number, wake: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), wake }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  get waiting(): number {
    return this.#timers.size
  }

  /** Moves time forward by `ms`, stopping at every timer on the way. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    await this.#settle()
    for (let next = this.#nextBefore(until); next !== undefined; next = this.#nextBefore(until)) {
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.wake()
      await this.#settle()
    }
    this.#now = until
  }

  /** Moves time forward without waking anybody: a process that was suspended, or a timer that is late. */
  skip(ms: number): void {
    this.#now += ms
  }

  #nextBefore(until: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.at <= until && (first === undefined || timer.at < first.at)) first = timer
    }
    return first
  }
}
