/**
 * Where log lines go: standard output or standard error, which may be a full disk, a pipe that nobody reads, or a
 * terminal that is gone. What cannot be written is dropped and counted; nothing waits for it and nothing ends because of it.
 */
import { fstatSync, writeSync } from 'node:fs'
import { isatty } from 'node:tty'

/** What may wait for a slow reader, in characters. */
const MOST_WAITING = 1024 * 1024
/** How long the end of a process waits for a reader to take the last lines, in ms. */
const LAST_LINES_MS = 500

export abstract class LineSink {
  #dropped = 0
  #untold = 0
  /** Hears how many were dropped since it was last called, once there is room again. */
  onRecovered: ((lines: number) => void) | null = null

  /** Never throws, and never waits for a reader. @param line with its line break */
  abstract write(line: string): void

  /** @returns whether all that was taken is out; `false` after `withinMs`, for a reader that has stalled */
  abstract flush(withinMs?: number): Promise<boolean>

  /** Lines that were dropped since the start. */
  get dropped(): number {
    return this.#dropped
  }

  protected drop(): void {
    this.#dropped += 1
    this.#untold += 1
  }

  protected recovered(): void {
    if (this.#untold === 0 || this.onRecovered === null) return
    const lines = this.#untold
    this.#untold = 0
    this.onRecovered(lines)
  }
}

/** @param fd 1 or 2. Call it once for each: the sink keeps what waits. */
export function openLineSink(fd: 1 | 2): LineSink {
  return isStream(fd) ? new StreamSink(fd === 1 ? process.stdout : process.stderr) : new FileSink(fd)
}

function isStream(fd: number): boolean {
  if (process.platform === 'win32' || isatty(fd)) return true
  const file = fstatSync(fd)
  return file.isFIFO() || file.isSocket()
}

/** A pipe, a socket or a terminal: its reader may be slow, stall, or be gone. */
class StreamSink extends LineSink {
  readonly #stream: NodeJS.WriteStream

  constructor(stream: NodeJS.WriteStream) {
    super()
    this.#stream = stream
    // Each failed write says so to its own callback as well.
    stream.on('error', () => undefined)
    // Node makes writes to a terminal wait, and somebody who presses Ctrl-S there would stop the whole process.
    if (stream.isTTY) (stream as Blocking)._handle?.setBlocking?.(false)
  }

  write(line: string): void {
    const waiting = this.#stream.writableLength
    if (waiting > 0 && waiting + line.length > MOST_WAITING) {
      this.drop()
      return
    }
    this.#stream.write(line, error => {
      if (error) this.drop()
      else if (this.#stream.writableLength === 0) this.recovered()
    })
  }

  flush(withinMs = LAST_LINES_MS): Promise<boolean> {
    if (this.#stream.writableLength === 0) return Promise.resolve(true)
    return new Promise(resolve => {
      const late = setTimeout(() => resolve(false), withinMs)
      this.#stream.write('', () => {
        clearTimeout(late)
        resolve(true)
      })
    })
  }
}

/** Node has no public way to say this of a stream that it opened itself. */
type Blocking = NodeJS.WriteStream & { _handle?: { setBlocking?(blocking: boolean): void } }

/** The end of a line for which the disk had no room, and how long the file was then. */
type Cut = { rest: Buffer; fileBytes: number }

/** A file, or a device that is like one: a write ends at once, well or badly. */
class FileSink extends LineSink {
  readonly #fd: number
  #cut: Cut | null = null

  constructor(fd: number) {
    super()
    this.#fd = fd
  }

  write(line: string): void {
    if (this.#cut !== null && !this.#mend(this.#cut)) {
      this.drop()
      return
    }
    const bytes = Buffer.from(line)
    const rest = this.#append(bytes)
    if (rest.length === 0) this.recovered()
    else if (rest.length === bytes.length) this.drop()
    else this.#cut = { rest, fileBytes: this.#fileBytes() }
  }

  async flush(): Promise<boolean> {
    return true
  }

  /**
   * The cut line is finished first, so that no line begins in the middle of another. If somebody has emptied the file to
   * make room, its beginning is gone: the rest goes, too.
   *
   * @returns whether the next line may follow
   */
  #mend({ rest, fileBytes }: Cut): boolean {
    if (this.#fileBytes() < fileBytes) {
      this.#cut = null
      this.drop()
      return true
    }
    const left = this.#append(rest)
    this.#cut = left.length === 0 ? null : { rest: left, fileBytes: this.#fileBytes() }
    return left.length === 0
  }

  /** @returns what could not be written */
  #append(bytes: Buffer): Buffer {
    let rest = bytes
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(this.#fd, rest))
    } catch {
      // No room, a failing disk, a device that takes no more: the reason is in the metric's runbook, and here is no way to tell it.
    }
    return rest
  }

  #fileBytes(): number {
    try {
      return fstatSync(this.#fd).size
    } catch {
      return 0
    }
  }
}
