import type { Clock } from '../clock.ts'

/**
 * Asks the store something, for those who must have an answer even when it gives none. However many ask, one question is
 * under way at a time: a store that hangs is not buried under them.
 */
export class StoreWatch<T> {
  readonly #ask: () => Promise<T>
  readonly #clock: Clock
  readonly #patienceMs: number
  readonly #freshMs: number
  #asking: Promise<T> | null = null
  #last: { answer: T; at: number } | null = null

  /** @param freshMs how old an answer may be that is given again */
  constructor(ask: () => Promise<T>, clock: Clock, times: { patienceMs: number; freshMs: number }) {
    this.#ask = ask
    this.#clock = clock
    this.#patienceMs = times.patienceMs
    this.#freshMs = times.freshMs
  }

  /** @throws when the store says that it cannot, or nothing within its time */
  async look(): Promise<T> {
    if (this.#last !== null && this.#clock.now() - this.#last.at < this.#freshMs) return this.#last.answer
    this.#asking ??= this.#question()
    return this.#inTime(this.#asking)
  }

  async #question(): Promise<T> {
    try {
      const answer = await this.#ask()
      this.#last = { answer, at: this.#clock.now() }
      return answer
    } finally {
      this.#asking = null
    }
  }

  #inTime(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const callOff = this.#clock.after(this.#patienceMs, () =>
        reject(new Error(`the store has not answered within ${this.#patienceMs} ms`)),
      )
      answer.then(resolve, reject).finally(callOff)
    })
  }
}
