import { clearLine, cursorTo } from 'node:readline'

const WIDTH = 28

/** One line on stderr that fills up, where stderr is a terminal; elsewhere nothing. */
export class ProgressBar {
  readonly #what: string
  readonly #total: number
  readonly #shown: boolean

  constructor(what: string, total: number, silent: boolean) {
    this.#what = what
    this.#total = total
    this.#shown = !silent && process.stderr.isTTY && total > 0
    this.at(0)
  }

  /** @param note of what is worth knowing meanwhile */
  at(count: number, note = ''): void {
    if (!this.#shown) return
    const full = Math.round((WIDTH * count) / this.#total)
    cursorTo(process.stderr, 0)
    process.stderr.write(
      `${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${count} of ${this.#total} ${this.#what}${note}`,
    )
    clearLine(process.stderr, 1)
  }

  end(): void {
    if (!this.#shown) return
    cursorTo(process.stderr, 0)
    clearLine(process.stderr, 0)
  }
}
