/**
 * JSON checked and measured where it stands, before anything is built from it. One run over the bytes, which can stop
 * anywhere and continue later: depth costs a byte, a value costs a count, and only the members of the
 * outermost object are written down.
 *
 * The grammar is that of RFC 8259, as `JSON.parse` has it.
 */
import type { Item, Member, Place } from './places.ts'
import { ScanFault } from './scan-fault.ts'
import {
  afterDigit,
  afterPlain,
  BACKSLASH,
  ESCAPED,
  isDigit,
  isHex,
  isNumber,
  MINUS,
  QUOTE,
  SIGNED,
  unescaped,
  WORDS,
} from './tokens.ts'

/** Nesting beyond this is refused: a level costs a byte for as long as it is open. No payload may go beyond 30. */
export const DEEPEST = 131_072
const USUAL_LEVELS = 32

/** More names than this in the outermost object are refused: each is written down and compared with the others. */
export const MOST_MEMBERS = 1000

/**
 * Members of items that are written down, of all items together: 16 for each of a thousand, at some 80 bytes each. The items
 * after them are scanned a second time when they are read.
 */
export const MOST_KEPT = 16_384

/** A name of more bytes, quotes included, is none that any call knows, however it is escaped: six bytes a letter at most. */
export const LONGEST_NAME = 1024

export type ScanOptions = {
  /** More values than this are refused. */
  mostValues?: number
  /** The elements of this member, if it is a list, are written down with their members. Its own depth is not measured then. */
  list?: { name: string; most: number }
}

const COMMA = 0x2c
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const LETTER_U = 0x75
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** The outermost object and the list are open, and so is the item. */
const ITEM_LEVEL = 3

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
  readonly items: Item[] = []
  /** How many there are. */
  itemCount = 0
  readonly #end: number
  readonly #mostValues: number
  readonly #list: ScanOptions['list']
  #at: number
  #next = VALUE
  #number = 0
  #values = 0
  /** How many containers are open, and of each of them whether it is an object: 1, or 0. */
  #level = 0
  #objects: Uint8Array = new Uint8Array(USUAL_LEVELS)
  #isObject = false
  #deepest = 0
  #spaced = false
  /** The member whose list is open. */
  #listed: Member | null = null
  /** The level of the members that are written down: of the outermost object, or of an item that is one. */
  #memberLevel = 1
  #nameStart = 0
  #nameEnd = 0
  #escaped = false
  #valueStart = 0
  #valueEscaped = false
  #itemStart = 0
  #valuesBefore = 0
  #itemMembers: Member[] | null = null
  #kept = 0

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
            if (this.#level === this.#memberLevel) this.#nameEnd = i
            if (i < stop && bytes[i] === COLON) {
              next = VALUE
              i++
            } else next = AFTER_NAME
          }
        } else if (c === BACKSLASH) {
          if (next === IN_NAME) this.#escaped = true
          i = this.#afterEscape(i)
        } else if (c < 0x20) throw new ScanFault('unexpected', i, 'an escaped character')
        else i = afterPlain(bytes, i + 1, stop)
        continue
      }
      if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) {
        if (this.#level > 1) this.#spaced = true
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
          if (this.#level === this.#memberLevel) {
            this.#nameStart = i
            this.#escaped = false
          }
          next = IN_NAME
          i = afterPlain(bytes, i + 1, stop)
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
        i = afterPlain(bytes, i + 1, stop)
      } else if (c === OPEN_OBJECT || c === OPEN_ARRAY) {
        this.#opens(c === OPEN_OBJECT, i)
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
    if (this.#next !== AFTER_VALUE || this.#level > 0) throw new ScanFault('early', end)
    return true
  }

  #valueBegins(c: number, i: number): void {
    const level = this.#level
    if (level > this.#deepest) this.#deepest = level
    if (++this.#values > this.#mostValues) throw new ScanFault('many', i)
    if (level === this.#memberLevel) {
      this.#valueStart = i
      this.#valueEscaped = this.#escaped
      this.#deepest = level
      this.#spaced = false
      if (level === 1 && this.#list !== undefined && c === OPEN_ARRAY && this.#objects[0] === 1) {
        this.#listed = this.#isListed() ? this.#member(i) : null
      }
    } else if (level === 2 && this.#listed !== null) this.#itemBegins(c, i)
    else if (level === 0) this.#isObject = c === OPEN_OBJECT
  }

  /** @param end exclusive */
  #valueEnds(end: number): number {
    const level = this.#level
    if (level === this.#memberLevel) {
      if (level !== 1) this.#keepOfItem(end)
      else if (this.#objects[0] === 1) {
        if (this.members.length === MOST_MEMBERS) throw new ScanFault('members', this.#nameStart)
        this.members.push(this.#listed === null ? this.#member(end) : { ...this.#listed, end })
        this.#listed = null
      }
    } else if (level === 2 && this.#listed !== null) this.#itemEnds(end)
    return AFTER_VALUE
  }

  #member(end: number): Member {
    return {
      nameStart: this.#nameStart,
      nameEnd: this.#nameEnd,
      escaped: this.#valueEscaped,
      start: this.#valueStart,
      end,
      depth: this.#deepest - this.#memberLevel,
      spaced: this.#spaced,
    }
  }

  #itemBegins(c: number, i: number): void {
    this.#itemStart = i
    this.#valuesBefore = this.#values - 1
    if (c !== OPEN_OBJECT || this.itemCount >= this.#list!.most) return
    this.#memberLevel = ITEM_LEVEL
    this.#itemMembers = []
  }

  #keepOfItem(end: number): void {
    const members = this.#itemMembers
    if (members === null) return
    if (members.length < MOST_MEMBERS && this.#kept < MOST_KEPT) {
      members.push(this.#member(end))
      this.#kept++
    } else {
      this.#kept -= members.length
      this.#itemMembers = null
    }
  }

  #itemEnds(end: number): void {
    this.itemCount++
    if (this.itemCount <= this.#list!.most) {
      const values = this.#values - this.#valuesBefore
      this.items.push({ start: this.#itemStart, end, members: this.#itemMembers, values })
    }
    this.#itemMembers = null
    this.#memberLevel = 1
  }

  #afterValue(c: number, i: number): number {
    const level = this.#level
    if (level === 0) throw new ScanFault('unexpected', i, 'the end')
    const inObject = this.#objects[level - 1] === 1
    if (c === COMMA) return inObject ? NAME : VALUE
    if (c !== (inObject ? CLOSE_OBJECT : CLOSE_ARRAY)) {
      throw new ScanFault('unexpected', i, `a comma or ${inObject ? '}' : ']'}`)
    }
    return this.#closes(i + 1)
  }

  #opens(isObject: boolean, i: number): void {
    const level = this.#level++
    if (level === DEEPEST) throw new ScanFault('deep', i)
    if (level === this.#objects.length) {
      const more = new Uint8Array(4 * level)
      more.set(this.#objects)
      this.#objects = more
    }
    this.#objects[level] = isObject ? 1 : 0
  }

  #closes(end: number): number {
    this.#level--
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
