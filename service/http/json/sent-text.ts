import { isAscii } from 'node:buffer'
import type { Place } from './places.ts'

/** To cut a text to pieces is cheaper than bytes, where both count alike; a long one is not worth a copy. */
const LONGEST_TEXT_BYTES = 256 * 1024

/** A part of a body, of which pieces are read as text: out of a copy as text where that is short and ASCII. */
export class SentText {
  readonly bytes: Buffer
  readonly #start: number
  readonly #ascii: string | null

  constructor(bytes: Buffer, { start, end }: Place) {
    this.bytes = bytes
    this.#start = start
    this.#ascii = null
    if (end - start <= LONGEST_TEXT_BYTES) {
      const part = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end)
      if (isAscii(part)) this.#ascii = part.toString('latin1')
    }
  }

  /** Whether there is a copy, so that a part of this needs none. */
  get isCopied(): boolean {
    return this.#ascii !== null
  }

  /** @param start in bytes @param end exclusive */
  slice(start: number, end: number): string {
    if (this.#ascii === null) return this.bytes.toString('utf8', start, end)
    return this.#ascii.slice(start - this.#start, end - this.#start)
  }

  /** Whether a text of ASCII is there. */
  reads(start: number, text: string): boolean {
    if (this.#ascii !== null) return this.#ascii.startsWith(text, start - this.#start)
    for (let i = 0; i < text.length; i++) if (this.bytes[start + i] !== text.charCodeAt(i)) return false
    return true
  }
}
