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

/** Less than a millisecond of work: so much of the text is read, or so many members are sorted, in one step. */
const STEP_CHARS = 8 * 1024
const STEP_MEMBERS = 256

/** Nothing that was sent follows it. */
const NOWHERE = -2

/** Its value stands from `start` to `end`, exclusive. `text` is the canonical one; `null`: what stands there. */
type Member = { key: string; start: number; end: number; text: string | null }

/**
 * An array or object whose end has not been read. Text that is already canonical is not rewritten. In an array, `runStart` to `runEnd`
 * covers the elements after the last rewritten one. In an object, `runEnd` is the end of the last member.
 */
type Open = {
  start: number
  /** `null`: an array. */
  members: Member[] | null
  /** Whether each of the members so far is canonical as it was sent, and whether they came in the order of their names. */
  asSent: boolean
  isSorted: boolean
  key: string
  keyStart: number
  keyEnd: number
  /** Of an array, the text of the elements before the run. */
  items: string
  runStart: number
  runEnd: number
}

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
  const escapes = new Escapes(text)
  let stepAt = STEP_CHARS
  let i = skipSpace(text, 0)
  for (;;) {
    if (i > stepAt) {
      stepAt = i + STEP_CHARS
      yield
    }
    const c = text.charCodeAt(i)
    let start = i
    /** Of the value that begins there: `null` says that it is canonical as it was sent. */
    let canonical: string | null = null
    if (c === OPEN_OBJECT || c === OPEN_ARRAY) {
      if (open.length === DEEPEST_SORTED) {
        const span = spanOf(text, i)
        i = span.end
        if (span.spaced) canonical = compact(text, span)
      } else {
        i = skipSpace(text, i + 1)
        if (text.charCodeAt(i) !== (c === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY)) {
          const inside = opened(start, c === OPEN_OBJECT)
          open.push(inside)
          if (c === OPEN_OBJECT) i = readKey(text, i, inside, escapes)
          continue
        }
        i++
        if (i > start + 2) canonical = c === OPEN_OBJECT ? '{}' : '[]'
      }
    } else if (c === QUOTE) {
      i = endOfString(text, i)
      if (escapes.isIn(start, i)) canonical = escapedOneWay(text, start, i)
    } else i = endOfScalar(text, i)
    // Each value that ends may end the one it stands in.
    for (;;) {
      const inside = open.at(-1)
      if (inside === undefined) return canonical ?? text.slice(start, i)
      if (inside.members === null) addElement(text, inside, start, i, canonical)
      else addMember(inside, inside.members, start, i, canonical)
      i = skipSpace(text, i)
      if (text.charCodeAt(i) === COMMA) {
        i = skipSpace(text, i + 1)
        if (inside.members !== null) i = readKey(text, i, inside, escapes)
        break
      }
      i++
      open.pop()
      start = inside.start
      canonical = null
      if (!isAsSent(inside, i))
        canonical = isLong(inside) ? yield* longText(text, inside) : shortText(text, inside)
    }
  }
}

const opened = (start: number, isObject: boolean): Open => ({
  start,
  members: isObject ? [] : null,
  asSent: true,
  isSorted: true,
  key: '',
  keyStart: 0,
  keyEnd: 0,
  items: '',
  runStart: start + 1,
  runEnd: start,
})

function addElement(text: string, inside: Open, start: number, end: number, canonical: string | null): void {
  // Nothing but the bracket or a comma stands between.
  if (canonical !== null || start !== inside.runEnd + 1) {
    endRun(text, inside)
    inside.runStart = start
  }
  if (canonical === null) inside.runEnd = end
  else addItems(inside, canonical)
}

/** Writes the run, and lets nothing follow it. */
function endRun(text: string, inside: Open): void {
  if (inside.runEnd > inside.runStart) addItems(inside, text.slice(inside.runStart, inside.runEnd))
  inside.runEnd = NOWHERE
}

/** V8 joins them when the text is read: joined here, they would be copied once for each level they stand in. */
function addItems(inside: Open, items: string): void {
  inside.items = inside.items === '' ? items : `${inside.items},${items}`
}

function addMember(
  inside: Open,
  members: Member[],
  start: number,
  end: number,
  canonical: string | null,
): void {
  const { key } = inside
  if (inside.isSorted && members.length > 0 && members.at(-1)!.key > key) inside.isSorted = false
  if (canonical !== null || inside.keyStart !== inside.runEnd + 1 || start !== inside.keyEnd + 1) {
    inside.asSent = false
  }
  inside.runEnd = end
  members.push({ key, start, end, text: canonical })
}

/** Whether its text is canonical. @param end of it, exclusive */
function isAsSent({ start, members, asSent, isSorted, items, runStart, runEnd }: Open, end: number): boolean {
  if (end !== runEnd + 1) return false
  return members === null ? items === '' && runStart === start + 1 : asSent && isSorted
}

const isLong = ({ members }: Open): boolean => members !== null && members.length > STEP_MEMBERS

function shortText(text: string, inside: Open): string {
  const { members, isSorted } = inside
  if (members !== null) return `{${membersText(text, isSorted ? members : members.sort(byKey))}}`
  endRun(text, inside)
  return `[${inside.items}]`
}

/** In the order of their names, and those of one name in the order they were sent in. */
const byKey = (a: Member, b: Member): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)

/** The same order as `members.sort(byKey)`, for a list that is too long for one step: parts are sorted, then merged. */
function* sorted(members: readonly Member[]): Generator<void, Member[]> {
  let runs: Member[][] = []
  for (let i = 0; i < members.length; i += STEP_MEMBERS) {
    runs.push(members.slice(i, i + STEP_MEMBERS).sort(byKey))
    yield
  }
  while (runs.length > 1) {
    const longer: Member[][] = []
    for (let i = 0; i < runs.length; i += 2) {
      const [first, second] = [runs[i]!, runs[i + 1]]
      longer.push(second === undefined ? first : yield* merged(first, second))
    }
    runs = longer
  }
  return runs[0]!
}

function* merged(first: Member[], second: Member[]): Generator<void, Member[]> {
  const all: Member[] = []
  let i = 0
  let j = 0
  while (i < first.length || j < second.length) {
    const isFirst = j === second.length || (i < first.length && byKey(first[i]!, second[j]!) <= 0)
    all.push(isFirst ? first[i++]! : second[j++]!)
    if (all.length % STEP_MEMBERS === 0) yield
  }
  return all
}

function membersText(text: string, members: readonly Member[]): string {
  let joined = ''
  for (let i = 0; i < members.length; i++) {
    const { key, start, end, text: canonical } = members[i]!
    const value = canonical ?? text.slice(start, end)
    joined += i === 0 ? `${key}:${value}` : `,${key}:${value}`
  }
  return joined
}

function* longText(text: string, { members, isSorted }: Open): Generator<void, string> {
  const inOrder = isSorted ? members! : yield* sorted(members!)
  const parts: string[] = []
  for (let i = 0; i < inOrder.length; i += STEP_MEMBERS) {
    parts.push(membersText(text, inOrder.slice(i, i + STEP_MEMBERS)))
    yield
  }
  return `{${parts.join(',')}}`
}

/** @returns where the value of that key begins */
function readKey(text: string, at: number, inside: Open, escapes: Escapes): number {
  const end = endOfString(text, at)
  const isEscaped = escapes.isIn(at, end)
  inside.key = isEscaped ? escapedOneWay(text, at, end) : text.slice(at, end)
  inside.keyStart = at
  inside.keyEnd = isEscaped ? NOWHERE : end
  return skipSpace(text, skipSpace(text, end) + 1)
}

const escapedOneWay = (text: string, start: number, end: number): string =>
  JSON.stringify(JSON.parse(text.slice(start, end)))

/** Where backslashes are. To cut each string out and look into it would be a string of garbage for each. */
class Escapes {
  readonly #text: string
  #next: number

  constructor(text: string) {
    this.#text = text
    this.#next = text.indexOf('\\')
  }

  /** Of stretches in the order they stand in. @param end exclusive */
  isIn(start: number, end: number): boolean {
    if (this.#next !== -1 && this.#next < start) this.#next = this.#text.indexOf('\\', start)
    return this.#next !== -1 && this.#next < end
  }
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
