import { compact, endOfString, skipSpace, spanOf } from './text.ts'

/**
 * Deeper than this a value is taken as it was sent, its keys unsorted. No payload or result goes there (their limit
 * is 10); a field nobody reads might.
 */
const DEEPEST_SORTED = 32

const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** About a millisecond of work: so much of the text is read, or so many members are sorted, in one step. */
const STEP_CHARS = 32 * 1024
const STEP_MEMBERS = 1024

type MemberText = { key: string; value: string }

/** A container that is open: of an array what is written so far, of an object its members so far. */
type Open = { members: MemberText[] | null; key: string; items: string; empty: boolean }

/**
 * One text for all JSON texts that mean the same: keys sorted, white space gone, strings escaped one way. Numbers are
 * compared as they were written, so that integers beyond 2^53 differ when they do.
 *
 * One run over the text, which builds nothing but the text to be, in steps between which other work can be done.
 * Fingerprints that are kept rest on every byte of it.
 *
 * @param text valid JSON
 */
export function* canonicalSteps(text: string): Generator<void, string> {
  const open: Open[] = []
  let stepAt = STEP_CHARS
  let i = skipSpace(text, 0)
  for (;;) {
    if (i > stepAt) {
      stepAt = i + STEP_CHARS
      yield
    }
    const c = text.charCodeAt(i)
    let value: string
    if (c === OPEN_OBJECT || c === OPEN_ARRAY) {
      if (open.length === DEEPEST_SORTED) {
        const span = spanOf(text, i)
        value = compact(text, span)
        i = span.end
      } else {
        open.push({ members: c === OPEN_OBJECT ? [] : null, key: '', items: '', empty: true })
        i = skipSpace(text, i + 1)
        if (text.charCodeAt(i) === (c === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY)) {
          open.pop()
          value = c === OPEN_OBJECT ? '{}' : '[]'
          i++
        } else {
          if (c === OPEN_OBJECT) i = readKey(text, i, open.at(-1)!)
          continue
        }
      }
    } else if (c === QUOTE) {
      const end = endOfString(text, i)
      value = canonicalString(text.slice(i, end))
      i = end
    } else {
      const end = endOfScalar(text, i)
      value = text.slice(i, end)
      i = end
    }
    // Each value that ends may end the one it stands in.
    for (;;) {
      const inside = open.at(-1)
      if (inside === undefined) return value
      add(inside, value)
      i = skipSpace(text, i)
      if (text.charCodeAt(i) === COMMA) {
        i = skipSpace(text, i + 1)
        if (inside.members !== null) i = readKey(text, i, inside)
        break
      }
      i++
      open.pop()
      const { members, items } = inside
      if (members === null) value = `[${items}]`
      else if (members.length <= STEP_MEMBERS) value = objectText(members.sort(byKey))
      else value = objectText(yield* sorted(members))
    }
  }
}

function add(inside: Open, value: string): void {
  if (inside.members !== null) inside.members.push({ key: inside.key, value })
  else {
    inside.items = inside.empty ? value : `${inside.items},${value}`
    inside.empty = false
  }
}

/** In the order of their names, and those of one name in the order they were sent in. */
const byKey = (a: MemberText, b: MemberText): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)

/** The same order as `members.sort(byKey)`, for a list that is too long for one step: parts are sorted, then merged. */
function* sorted(members: readonly MemberText[]): Generator<void, MemberText[]> {
  let runs: MemberText[][] = []
  for (let i = 0; i < members.length; i += STEP_MEMBERS) {
    runs.push(members.slice(i, i + STEP_MEMBERS).sort(byKey))
    yield
  }
  while (runs.length > 1) {
    const longer: MemberText[][] = []
    for (let i = 0; i < runs.length; i += 2) {
      const [first, second] = [runs[i]!, runs[i + 1]]
      longer.push(second === undefined ? first : yield* merged(first, second))
    }
    runs = longer
  }
  return runs[0]!
}

function* merged(first: MemberText[], second: MemberText[]): Generator<void, MemberText[]> {
  const all: MemberText[] = []
  let i = 0
  let j = 0
  while (i < first.length || j < second.length) {
    const isFirst = j === second.length || (i < first.length && byKey(first[i]!, second[j]!) <= 0)
    all.push(isFirst ? first[i++]! : second[j++]!)
    if (all.length % STEP_MEMBERS === 0) yield
  }
  return all
}

function objectText(members: readonly MemberText[]): string {
  let text = '{'
  for (let i = 0; i < members.length; i++) {
    const { key, value } = members[i]!
    text += i === 0 ? `${key}:${value}` : `,${key}:${value}`
  }
  return `${text}}`
}

/** @returns where the value of that key begins */
function readKey(text: string, at: number, inside: Open): number {
  const end = endOfString(text, at)
  inside.key = canonicalString(text.slice(at, end))
  return skipSpace(text, skipSpace(text, end) + 1)
}

function canonicalString(raw: string): string {
  return raw.includes('\\') ? JSON.stringify(JSON.parse(raw)) : raw
}

/** A number or a word ends where one of `,` `]` `}` or white space begins. */
function endOfScalar(text: string, from: number): number {
  let i = from
  while (i < text.length) {
    const c = text.charCodeAt(i)
    if (c === COMMA || c === CLOSE_ARRAY || c === CLOSE_OBJECT || c <= 0x20) return i
    i++
  }
  return i
}
