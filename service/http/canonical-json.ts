import { compact, endOfString, type Span, skipSpace, spanOf } from './json-text.ts'

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
export function canonicalJson(text: string): string {
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
