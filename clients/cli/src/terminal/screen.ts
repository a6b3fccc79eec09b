/** The whole terminal, given back as it was. */

/** Without line wrap: on a screen too narrow, a line ends at its edge. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l'
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const CLEAR_TO_LINE_END = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'

export type Size = { columns: number; rows: number }

export class Screen {
  readonly #closing = new AbortController()
  #last: ((size: Size) => string[]) | null = null

  constructor() {
    process.stdout.write(ENTER)
    process.stdout.on('resize', this.#redraw)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, this.#leave)
    if (process.stdin.isTTY) process.stdin.setRawMode(true)
    process.stdin.on('data', this.#key).resume()
  }

  /** Fires when the user has had enough. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted
  }

  /** @param lines as many as fit are shown; each is up to the caller to keep within the columns */
  draw(lines: (size: Size) => string[]): void {
    this.#last = lines
    this.#redraw()
  }

  close(): void {
    process.stdout.off('resize', this.#redraw)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, this.#leave)
    process.stdin.off('data', this.#key).pause()
    if (process.stdin.isTTY) process.stdin.setRawMode(false)
    process.stdout.write(LEAVE)
  }

  readonly #redraw = (): void => {
    // A terminal that nobody told its size says 0.
    const columns = process.stdout.columns || 80
    const rows = process.stdout.rows || 24
    const lines = this.#last?.({ columns, rows }).slice(0, rows) ?? []
    process.stdout.write(`${HOME}${lines.map(line => line + CLEAR_TO_LINE_END).join('\r\n')}${CLEAR_BELOW}`)
  }

  readonly #leave = (): void => this.#closing.abort()

  readonly #key = (typed: Buffer): void => {
    if (['q', 'Q', '\x03', '\x04'].includes(typed.toString())) this.#closing.abort()
  }
}
