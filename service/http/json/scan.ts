/**
 * JSON checked and measured where it stands, before anything is built from it. One run over the bytes, which can stop
 * anywhere and continue later: depth costs an entry of a list, a value costs a count, and only the members of the
 * outermost object are written down.
 *
 * The grammar is that of RFC 8259, as `JSON.parse` has it.
 */

/** Nesting beyond this is refused: a level costs 8 bytes for as long as it is open. No payload may go beyond 30. */
export const DEEPEST = 131_072

/** More names than this in the outermost object are refused: each is written down and compared with the others. */
export const MOST_MEMBERS = 1000

/** A name of more bytes, quotes included, is none that any call knows, however it is escaped: six bytes a letter at most. */
export const LONGEST_NAME = 1024

/** Why a text is refused, and at which byte. `takes` says what belongs there. */
export class ScanFault extends Error {
  readonly kind: 'unexpected' | 'early' | 'deep' | 'many' | 'members'
  readonly at: number
  readonly takes: string

  constructor(kind: ScanFault['kind'], at: number, takes = '') {
    super(kind)
    this.kind = kind
    this.at = at
    this.takes = takes
  }
}

/** Where a value stands, in bytes; `end` is exclusive. */
export type Place = { start: number; end: number }

/**
 * A member of the outermost object: its value, and where its name stands, quotes included. `depth` is that of the value's
 * deepest leaf (its own root is at 0), and `spaced` says whether there is white space between the tokens of the value.
 */
export type Member = Place & { nameStart: number; nameEnd: number; depth: number; spaced: boolean }

export type ScanOptions = {
  /** More values than this are refused. */
  mostValues?: number
  /** The elements of this member, if it is a list, are written down. */
  list?: { name: string; most: number }
}

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const BACKSLASH = 0x5c
const CLOSE_ARRAY = 0x5d
const LETTER_U = 0x75
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

// What may come next, or what it is in the middle of.
const VALUE = 0
const FIRST_ITEM = 1
const FIRST_NAME = 2
const NAME = 3
const AFTER_NAME = 4
const AFTER_VALUE = 5
const IN_NAME = 6
const IN_TEXT = 7
const IN_NUMBER = 8

const TAKES = [
  'a value',
  'a value or ]',
  'a name in double quotes or }',
  'a name in double quotes',
  'a colon',
]

export class Scan {
  readonly bytes: Buffer
  readonly members: Member[] = []
  /** Of the list that was asked for, as far as they were to be written down. */
  readonly items: Place[] = []
  /** How many there are. */
  itemCount = 0
  readonly #end: number
  readonly #mostValues: number
  readonly #list: ScanOptions['list']
  #at: number
  #next = VALUE
  #number = 0
  #values = 0
  /** Of each container that is open: whether it is an object. */
  readonly #open: boolean[] = []
  #isObject = false
  #deepest = 0
  #spaced = false
  #inList = false
  #nameStart = 0
  #nameEnd = 0
  #valueStart = 0
  #itemStart = 0

  constructor(bytes: Buffer, { start, end }: Place, options: ScanOptions = {}) {
    this.bytes = bytes
    this.#at = start
    this.#end = end
    this.#mostValues = options.mostValues ?? Number.POSITIVE_INFINITY
    this.#list = options.list
  }

  /** Whether the outermost value is an object, once it has been read. */
  get isObject(): boolean {
    return this.#isObject
  }

  /** Continues for so many bytes. @returns whether that was all of it @throws {ScanFault} */
  read(most: number): boolean {
    const { bytes } = this
    const end = this.#end
    const stop = Math.min(end, this.#at + most)
    let i = this.#at
    let next = this.#next
    while (i < stop) {
      const c = bytes[i]!
      if (next >= IN_NAME) {
        if (next === IN_NUMBER) {
          const state = afterDigit(this.#number, c)
          if (state !== 0) {
            this.#number = state
            i++
            continue
          }
          if (!isNumber(this.#number)) throw new ScanFault('unexpected', i, 'a digit')
          next = this.#valueEnds(i)
        } else if (c === QUOTE) {
          i++
          if (next === IN_TEXT) next = this.#valueEnds(i)
          else {
            next = AFTER_NAME
            if (this.#open.length === 1) this.#nameEnd = i
          }
        } else if (c === BACKSLASH) i = this.#afterEscape(i)
        else if (c < 0x20) throw new ScanFault('unexpected', i, 'an escaped character')
        else i = afterPlain(bytes, i + 1, stop)
        continue
      }
      if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) {
        if (this.#open.length > 1) this.#spaced = true
        i++
        continue
      }
      if (next === AFTER_VALUE) {
        next = this.#afterValue(c, i)
        i++
        continue
      }
      if (next === AFTER_NAME) {
        if (c !== COLON) throw new ScanFault('unexpected', i, TAKES[next])
        next = VALUE
        i++
        continue
      }
      if (next >= FIRST_NAME) {
        if (c === CLOSE_OBJECT && next === FIRST_NAME) next = this.#closes(++i)
        else if (c === QUOTE) {
          if (this.#open.length === 1) this.#nameStart = i
          next = IN_NAME
          i++
        } else throw new ScanFault('unexpected', i, TAKES[next])
        continue
      }
      // What is left takes a value.
      if (c === CLOSE_ARRAY && next === FIRST_ITEM) {
        next = this.#closes(++i)
        continue
      }
      this.#valueBegins(c, i)
      if (c === QUOTE) {
        next = IN_TEXT
        i++
      } else if (c === OPEN_OBJECT || c === OPEN_ARRAY) {
        if (this.#open.length === DEEPEST) throw new ScanFault('deep', i)
        this.#open.push(c === OPEN_OBJECT)
        next = c === OPEN_OBJECT ? FIRST_NAME : FIRST_ITEM
        i++
      } else if (c === MINUS || isDigit(c)) {
        this.#number = c === MINUS ? SIGNED : afterDigit(SIGNED, c)
        next = IN_NUMBER
        i++
      } else {
        i = this.#afterWord(c, i, next)
        next = this.#valueEnds(i)
      }
    }
    this.#at = i
    this.#next = next
    if (i < end) return false
    if (next === IN_NUMBER && isNumber(this.#number)) this.#next = this.#valueEnds(i)
    if (this.#next !== AFTER_VALUE || this.#open.length > 0) throw new ScanFault('early', end)
    return true
  }

  #valueBegins(c: number, i: number): void {
    const level = this.#open.length
    if (level > this.#deepest) this.#deepest = level
    if (++this.#values > this.#mostValues) throw new ScanFault('many', i)
    if (level === 0) this.#isObject = c === OPEN_OBJECT
    else if (level === 1) {
      this.#valueStart = i
      this.#deepest = 1
      this.#spaced = false
      if (this.#list !== undefined && c === OPEN_ARRAY && this.#open[0]) this.#inList = this.#isListed()
    } else if (level === 2 && this.#inList) {
      this.#itemStart = i
    }
  }

  /** @param end exclusive */
  #valueEnds(end: number): number {
    const level = this.#open.length
    if (level === 1 && this.#open[0]) {
      if (this.members.length === MOST_MEMBERS) throw new ScanFault('members', this.#nameStart)
      this.members.push({
        nameStart: this.#nameStart,
        nameEnd: this.#nameEnd,
        start: this.#valueStart,
        end,
        depth: this.#deepest - 1,
        spaced: this.#spaced,
      })
      this.#inList = false
    } else if (level === 2 && this.#inList) {
      this.itemCount++
      if (this.itemCount <= this.#list!.most) this.items.push({ start: this.#itemStart, end })
    }
    return AFTER_VALUE
  }

  #afterValue(c: number, i: number): number {
    const level = this.#open.length
    if (level === 0) throw new ScanFault('unexpected', i, 'the end')
    const inObject = this.#open[level - 1]
    if (c === COMMA) return inObject ? NAME : VALUE
    if (c !== (inObject ? CLOSE_OBJECT : CLOSE_ARRAY)) {
      throw new ScanFault('unexpected', i, `a comma or ${inObject ? '}' : ']'}`)
    }
    return this.#closes(i + 1)
  }

  #closes(end: number): number {
    this.#open.pop()
    return this.#valueEnds(end)
  }

  #afterEscape(i: number): number {
    const kind = this.bytes[i + 1]!
    const length = kind === LETTER_U ? 6 : 2
    if (i + length > this.#end) throw new ScanFault('early', this.#end)
    if (kind !== LETTER_U && !ESCAPED.has(kind)) throw new ScanFault('unexpected', i + 1, 'an escape of JSON')
    for (let j = i + 2; j < i + length; j++) {
      if (!isHex(this.bytes[j]!)) throw new ScanFault('unexpected', j, 'a hex digit')
    }
    return i + length
  }

  #afterWord(c: number, i: number, next: number): number {
    const word = WORDS.get(c)
    if (word === undefined) throw new ScanFault('unexpected', i, TAKES[next])
    for (let j = 1; j < word.length; j++) {
      if (i + j >= this.#end) throw new ScanFault('early', this.#end)
      if (this.bytes[i + j] !== word.charCodeAt(j)) throw new ScanFault('unexpected', i + j, word)
    }
    return i + word.length
  }

  #isListed(): boolean {
    if (this.#nameEnd - this.#nameStart > LONGEST_NAME) return false
    return unescaped(this.bytes.toString('utf8', this.#nameStart, this.#nameEnd)) === this.#list!.name
  }
}

/** A text of JSON, with its quotes, as what it stands for. */
export const unescaped = (quoted: string): string =>
  quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1)

const WORDS = new Map(['true', 'false', 'null'].map(word => [word.charCodeAt(0), word]))
const ESCAPED = new Set(Buffer.from('"\\/bfnrt'))

/** @returns where a text has something else than plain characters, or `stop` */
function afterPlain(bytes: Buffer, from: number, stop: number): number {
  let i = from
  while (i < stop) {
    const c = bytes[i]!
    if (c === QUOTE || c === BACKSLASH || c < 0x20) break
    i++
  }
  return i
}

const isDigit = (c: number): boolean => c >= 0x30 && c <= 0x39
const isHex = (c: number): boolean => isDigit(c) || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66)

// How far a number has come. Those from ZERO on could be all of it.
const SIGNED = 1
const POINTED = 2
const POWERED = 3
const POWER_SIGNED = 4
const ZERO = 5
const WHOLE = 6
const FRACTION = 7
const POWER = 8

const isNumber = (state: number): boolean => state >= ZERO

/** @returns how far it is with one more character, or 0 when that is none of its own */
function afterDigit(state: number, c: number): number {
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
