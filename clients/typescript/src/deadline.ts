/** 24 days. A timer that is to take longer fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * A time-out and the caller's own signal in one. `AbortSignal.timeout` and `AbortSignal.any` would say the same in a
 * line, but cannot be taken back: each request kept 0.5 kB for a minute, 75 MB at 2,500 requests a second.
 */
export class Deadline {
  readonly #controller = new AbortController()
  readonly #timer: ReturnType<typeof setTimeout>
  readonly #caller: AbortSignal | undefined
  /** Whether it was the time that ended it. */
  isLate = false

  constructor(ms: number, caller: AbortSignal | undefined) {
    this.#caller = caller
    this.#timer = setTimeout(
      () => {
        this.isLate = true
        this.#controller.abort()
      },
      Math.min(ms, LONGEST_TIMER_MS),
    )
    caller?.addEventListener('abort', this.#passOn, { once: true })
    if (caller?.aborted) this.#passOn()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** To be called when it is over, however it went. */
  clear(): void {
    clearTimeout(this.#timer)
    this.forgetCaller()
  }

  /** From here on, only the time can end it. */
  forgetCaller(): void {
    this.#caller?.removeEventListener('abort', this.#passOn)
  }

  readonly #passOn = (): void => this.#controller.abort(this.#caller?.reason)
}
