/**
 * How fingerprints were made until bodies were scanned: each level by itself, on values that `JSON.parse` had built before.
 * Kept to hold the present way to it: keys that are stored, or imported, have to match still.
 */

/** A value inside a text. `end` is exclusive. `depth` is that of its deepest leaf, its own root being 0. */
type Span = { start: number; end: number; depth: number; spaced: boolean }

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

const isSpace = (c: number): boolean => c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09

function skipSpace(text: string, from: number): number {
  let i = from
  while (isSpace(text.charCodeAt(i))) i++
  return i
}

/** The index after the closing quote of the string whose opening quote stands at `from`. */
function endOfString(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === BACKSLASH) i++
    else if (c === QUOTE) return i + 1
  }
  return text.length
}

/** Measures the value whose first character stands at `start`. */
function spanOf(text: string, start: number): Span {
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

/** The value as it was sent, less the white space between its tokens. */
function compact(text: string, span: Span): string {
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
 * Deeper than this a value is taken as it was sent, its keys unsorted. No payload or result goes there (their limit
 * is 10); a field nobody reads might, and the recursion must end.
 */
const DEEPEST_SORTED = 32

/**
 * One text for all JSON texts that mean the same: keys sorted, white space gone, strings escaped one way. Numbers are
 * compared as they were written, so that integers beyond 2^53 differ when they do.
 *
 * @param text accepted by `JSON.parse`
 */
export function canonicalBefore(text: string): string {
  return canonical(text, spanOf(text, skipSpace(text, 0)), 0)
}

function canonical(text: string, span: Span, level: number): string {
  const first = text[span.start]
  if (first === '"') return canonicalString(text.slice(span.start, span.end))
  if (first !== '{' && first !== '[') return text.slice(span.start, span.end)
  if (level === DEEPEST_SORTED) return compact(text, span)
  return first === '{' ? canonicalObject(text, span, level) : canonicalArray(text, span, level)
}

function canonicalString(raw: string): string {
  return raw.includes('\\') ? JSON.stringify(JSON.parse(raw)) : raw
}

function canonicalArray(text: string, span: Span, level: number): string {
  const items: string[] = []
  let i = skipSpace(text, span.start + 1)
  while (text[i] !== ']') {
    const item = spanOf(text, i)
    items.push(canonical(text, item, level + 1))
    i = afterComma(text, item.end)
  }
  return `[${items.join(',')}]`
}

function canonicalObject(text: string, span: Span, level: number): string {
  const members: { key: string; value: string }[] = []
  let i = skipSpace(text, span.start + 1)
  while (text[i] !== '}') {
    const keyEnd = endOfString(text, i)
    const key = canonicalString(text.slice(i, keyEnd))
    const value = spanOf(text, skipSpace(text, skipSpace(text, keyEnd) + 1))
    members.push({ key, value: canonical(text, value, level + 1) })
    i = afterComma(text, value.end)
  }
  members.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return `{${members.map(({ key, value }) => `${key}:${value}`).join(',')}}`
}

function afterComma(text: string, from: number): number {
  const i = skipSpace(text, from)
  return text[i] === ',' ? skipSpace(text, i + 1) : i
}

/** An object without one of its members, as it was cut out before its fingerprint was taken. */
export function withoutMember(text: string, name: string): string {
  const members: { name: string; text: string }[] = []
  let i = skipSpace(text, skipSpace(text, 0) + 1)
  while (text[i] === '"') {
    const nameEnd = endOfString(text, i)
    const value = spanOf(text, skipSpace(text, skipSpace(text, nameEnd) + 1))
    members.push({ name: JSON.parse(text.slice(i, nameEnd)), text: text.slice(i, value.end) })
    i = skipSpace(text, value.end)
    if (text[i] === ',') i = skipSpace(text, i + 1)
  }
  const others = members.filter(member => member.name !== name)
  return others.length === members.length ? text : `{${others.map(each => each.text).join(',')}}`
}
