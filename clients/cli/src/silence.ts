import type { Output } from './output.ts'

/** Someone at a terminal who waits for less does not ask why. */
const NOTABLE_DELAY_MS = 500
/** A log without a line for longer than this looks as if the command hung. */
const LONG_MS = 5000
/** A log of a long wait gets a line no more often. */
const REPEATED_AFTER_MS = 60_000

/** While a command waits for its bus, it says why: in a terminal at once, elsewhere in one line when it takes long. */
export class Silence {
  readonly #output: Output
  #waitedMs = 0
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(output: Output) {
    this.#output = output
  }

  /** @param why asked only when it is said */
  longer(ms: number, why: () => string): void {
    if (process.stderr.isTTY) {
      if (ms >= NOTABLE_DELAY_MS) this.#output.noteToTerminal(why())
      return
    }
    this.#waitedMs += ms
    const now = performance.now()
    if (this.#waitedMs < LONG_MS || now - this.#toldAt < REPEATED_AFTER_MS) return
    this.#toldAt = now
    this.#output.note(why())
  }
}
