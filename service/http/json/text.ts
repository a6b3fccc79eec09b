/**
 * JSON as text. What publishers send is given back to the letter (big integers, `1.0`, lone surrogates), so it is
 * never parsed and printed again; it is measured and compacted where it stands.
 *
 * Everything here takes text that is known to be JSON, runs once over it, and does not recurse: depth costs
 * a counter, not a stack frame.
 */

/** A value inside a text. `end` is exclusive. `depth` is that of its deepest leaf, its own root being 0. */
export type Span = { start: number; end: number; depth: number; spaced: boolean }

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const NINE = 0x39

const isSpace = (c: number): boolean => c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09

export function skipSpace(text: string, from: number): number {
  let i = from
  while (isSpace(text.charCodeAt(i))) i++
  return i
}

/** The index after the closing quote of the string whose opening quote stands at `from`. */
export function endOfString(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === BACKSLASH) i++
    else if (c === QUOTE) return i + 1
  }
  return text.length
}

/** Measures the value whose first character stands at `start`. */
export function spanOf(text: string, start: number): Span {
  let level = 0
  let depth = 0
  let spaced = false
  let i = start
  while (i < text.length) {
    const c = text.charCodeAt(i)
    if (c === QUOTE) {
      i = endOfString(text, i)
      if (level > depth) depth = level
      if (level === 0) break
      continue
    }
    if (c === OPEN_ARRAY || c === OPEN_OBJECT) {
      if (level > depth) depth = level
      level++
    } else if (c === CLOSE_ARRAY || c === CLOSE_OBJECT) {
      // At level 0 this bracket closes what the value stands in: a bare number or word ends before it.
      if (level === 0) break
      level--
      if (level === 0) {
        i++
        break
      }
    } else if (c === COMMA) {
      if (level === 0) break
    } else if (isSpace(c)) {
      if (level === 0) break
      spaced = true
    } else if (level > depth) {
      depth = level
    }
    i++
  }
  return { start, end: i, depth, spaced }
}

/** A value that was scanned, less the white space between its tokens. */
export const compactText = ({ text, spaced }: { text: string; spaced: boolean }): string =>
  spaced ? compact(text, { start: 0, end: text.length, depth: 0, spaced }) : text

/** The value as it was sent, less the white space between its tokens. */
export function compact(text: string, span: Span): string {
  if (!span.spaced) return text.slice(span.start, span.end)
  let out = ''
  let kept = span.start
  let i = span.start
  while (i < span.end) {
    const c = text.charCodeAt(i)
    if (c === QUOTE) {
      i = endOfString(text, i)
    } else if (isSpace(c)) {
      out += text.slice(kept, i)
      i = skipSpace(text, i)
      kept = i
    } else {
      i++
    }
  }
  return out + text.slice(kept, span.end)
}

/**
 * UTF-8 bytes of compact JSON text with every escape undone that can be: `\u00e9` counts 2, as `é` does. The
 * SDK escapes all non-ASCII, and whether a client does so must not decide what fits. What has to stay escaped
 * counts as its shortest escape (`\n` 2, `\u0001` 6), a lone surrogate 3.
 */
export function unescapedBytes(compactText: string): number {
  let bytes = Buffer.byteLength(compactText)
  let i = compactText.indexOf('\\')
  while (i !== -1) {
    const kind = compactText.charCodeAt(i + 1)
    if (kind === 0x75) {
      const code = hexAt(compactText, i + 2)
      if (isHighSurrogate(code) && isEscapedLowSurrogate(compactText, i + 6)) {
        bytes -= 12 - 4
        i += 12
      } else {
        bytes -= 6 - bytesOf(code)
        i += 6
      }
    } else {
      if (kind === 0x2f) bytes -= 1
      i += 2
    }
    i = compactText.indexOf('\\', i)
  }
  return bytes
}

/** The number that four hex digits say. `parseInt` of a slice took 150 ns of it, and a result of 1 MiB may have 175,000. */
function hexAt(text: string, at: number): number {
  let code = 0
  for (let i = at; i < at + 4; i++) {
    const c = text.charCodeAt(i)
    // a-f and A-F differ in one bit, and stand nine before their value in the last four.
    code = (code << 4) | (c <= NINE ? c & 0xf : (c & 0xf) + 9)
  }
  return code
}

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdbff

function isEscapedLowSurrogate(text: string, at: number): boolean {
  if (text.charCodeAt(at) !== BACKSLASH || text.charCodeAt(at + 1) !== 0x75) return false
  const code = hexAt(text, at + 2)
  return code >= 0xdc00 && code <= 0xdfff
}

function bytesOf(code: number): number {
  if (code < 0x20) return SHORT_ESCAPES.has(code) ? 2 : 6
  if (code === QUOTE || code === BACKSLASH) return 2
  if (code < 0x80) return 1
  return code < 0x800 ? 2 : 3
}

/** \b \t \n \f \r */
const SHORT_ESCAPES = new Set([0x08, 0x09, 0x0a, 0x0c, 0x0d])

/** Why a string cannot be stored and sent as UTF-8 text, in words that follow its name; `null`: it can. */
export function flawOf(value: string): string | null {
  if (!value.isWellFormed()) return 'has half of a surrogate pair, which is no character'
  const at = value.indexOf('\0')
  return at === -1 ? null : `has a NUL (\\u0000) at character ${at + 1}`
}
