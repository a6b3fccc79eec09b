import type { Clock } from '../../clock.ts'
import type { Stats } from '../../store/store.ts'

/**
 * Asks the store how it is, for those who must have an answer even when it gives none. However many ask, one question is
 * under way at a time: a store that hangs is not buried under them.
 */
export class StoreWatch {
  readonly #ask: () => Promise<Stats>
  readonly #clock: Clock
  readonly #patienceMs: number
  readonly #freshMs: number
  #asking: Promise<Stats> | null = null
  #last: { stats: Stats; at: number } | null = null

  /** @param freshMs how old an answer may be that is given again */
  constructor(ask: () => Promise<Stats>, clock: Clock, times: { patienceMs: number; freshMs: number }) {
    this.#ask = ask
    this.#clock = clock
    this.#patienceMs = times.patienceMs
    this.#freshMs = times.freshMs
  }

  /** @throws when the store says that it cannot, or nothing within its time */
  async look(): Promise<Stats> {
    if (this.#last !== null && this.#clock.now() - this.#last.at < this.#freshMs) return this.#last.stats
    this.#asking ??= this.#question()
    return this.#inTime(this.#asking)
  }

  async #question(): Promise<Stats> {
    try {
      const stats = await this.#ask()
      this.#last = { stats, at: this.#clock.now() }
      return stats
    } finally {
      this.#asking = null
    }
  }

  #inTime(answer: Promise<Stats>): Promise<Stats> {
    return new Promise((resolve, reject) => {
      const callOff = this.#clock.after(this.#patienceMs, () =>
        reject(new Error(`the store has not answered within ${this.#patienceMs} ms`)),
      )
      answer.then(resolve, reject).finally(callOff)
    })
  }
}
