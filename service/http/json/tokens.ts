/** The tokens of JSON, character by character (RFC 8259, sections 3, 6 and 7). */

export const QUOTE = 0x22
export const BACKSLASH = 0x5c
export const MINUS = 0x2d

/** A text of JSON, with its quotes, as what it stands for. */
export const unescaped = (quoted: string): string =>
  quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1)

export const WORDS = new Map(['true', 'false', 'null'].map(word => [word.charCodeAt(0), word]))

/** What may come after a backslash, other than `u` and four hex digits. */
export const ESCAPED = new Set(Buffer.from('"\\/bfnrt'))

/** @returns where a text has something else than plain characters, or `stop` */
export function afterPlain(bytes: Buffer, from: number, stop: number): number {
  let i = from
  while (i < stop) {
    const c = bytes[i]!
    if (c === QUOTE || c === BACKSLASH || c < 0x20) break
    i++
  }
  return i
}

export const isDigit = (c: number): boolean => c >= 0x30 && c <= 0x39
export const isHex = (c: number): boolean =>
  isDigit(c) || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66)

// How far a number has come. Those from ZERO on could be all of it.
export const SIGNED = 1
const POINTED = 2
const POWERED = 3
const POWER_SIGNED = 4
const ZERO = 5
const WHOLE = 6
const FRACTION = 7
const POWER = 8

export const isNumber = (state: number): boolean => state >= ZERO

/** @returns how far it is with one more character, or 0 when that is none of its own */
export function afterDigit(state: number, c: number): number {
  if (isDigit(c)) {
    if (state === WHOLE || state === FRACTION || state === POWER) return state
    if (state === SIGNED) return c === 0x30 ? ZERO : WHOLE
    if (state === POINTED) return FRACTION
    return state === ZERO ? 0 : POWER
  }
  if (c === 0x2e) return state === ZERO || state === WHOLE ? POINTED : 0
  if (c === 0x65 || c === 0x45) return state >= ZERO && state <= FRACTION ? POWERED : 0
  if (c === 0x2b || c === MINUS) return state === POWERED ? POWER_SIGNED : 0
  return 0
}
