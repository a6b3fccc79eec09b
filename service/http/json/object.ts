import { hash } from 'node:crypto'
import type { KnownField, KnownFields } from './known-fields.ts'
import type { Member, Place } from './places.ts'
import { LONGEST_NAME } from './scan.ts'
import type { SentText } from './sent-text.ts'
import { QUOTE, unescaped } from './tokens.ts'

/** A value as the text that was sent, and what was measured of it (see `Member`). */
export type SentValue = { text: string; depth: number; spaced: boolean }

const OPEN_ARRAY = 0x5b
const OPEN_OBJECT = 0x7b

/** Names that are compared with each other; more are put into a set. */
const FEW = 16

/** In the place of an object or a list that nobody looks into: they say of themselves no more than which of the two they are. */
const UNBUILT_OBJECT: object = Object.freeze({})
const UNBUILT_LIST: object = Object.freeze([])

/** An object of JSON that has been scanned: its known fields are built, all others only have a place. */
export class JsonObject {
  readonly fields: Readonly<Record<string, unknown>>
  readonly #place: Place
  readonly #members: readonly Member[]
  /** Of each member its name, if it is a known one. */
  readonly #names: (string | undefined)[] = []
  readonly #text: SentText

  /** @param text that it is a part of */
  constructor(text: SentText, place: Place, members: readonly Member[], { byLength }: KnownFields) {
    this.#text = text
    this.#place = place
    this.#members = members
    const fields: Record<string, unknown> = {}
    for (const member of members) {
      const field = this.#fieldOf(member, byLength)
      this.#names.push(field?.name)
      if (field !== undefined) fields[field.name] = this.#built(member, field)
    }
    this.fields = fields
  }

  /** @param name of a field that is there: ask the fields first */
  sent(name: string): SentValue {
    const member = this.#memberOf(name)
    return { text: this.#text.slice(member.start, member.end), depth: member.depth, spaced: member.spaced }
  }

  /** @param name of a field that is there */
  sentIsList(name: string): boolean {
    return this.#text.bytes[this.#memberOf(name).start] === OPEN_ARRAY
  }

  /** Its text, without one of the known fields. */
  textWithout(name: string): string {
    if (!this.#names.includes(name)) return this.#text.slice(this.#place.start, this.#place.end)
    const others = this.#members.filter((_, i) => this.#names[i] !== name)
    return `{${others.map(({ nameStart, end }) => this.#text.slice(nameStart, end)).join(',')}}`
  }

  /**
   * The first name that comes twice. Long names, which nobody reads, are compared as they were sent, by their digests: 15 names of
   * 1 MiB that differ in their last letter took 0.7 s when each was held against all others.
   */
  repeated(): string | undefined {
    if (this.#members.length <= FEW && !this.#mayRepeat()) return undefined
    const seen = new Set<string>()
    const seenLong = new Set<string>()
    for (const member of this.#members) {
      const isLong = isLongName(member)
      const name = isLong ? this.#digestOf(member) : this.#nameOf(member)
      const known = isLong ? seenLong : seen
      if (known.has(name)) return isLong ? this.#beginningOf(member) : name
      known.add(name)
    }
    return undefined
  }

  #digestOf({ nameStart, nameEnd }: Member): string {
    return hash('sha256', this.#text.bytes.subarray(nameStart, nameEnd), 'hex')
  }

  #beginningOf({ nameStart }: Member): string {
    return this.#text.slice(nameStart + 1, nameStart + 1 + LONGEST_NAME)
  }

  /** Whether two names look alike, or one is long, or may look like another with its escapes undone. */
  #mayRepeat(): boolean {
    const members = this.#members
    for (let i = 0; i < members.length; i++) {
      const { nameStart, nameEnd, escaped } = members[i]!
      if (escaped || nameEnd - nameStart > LONGEST_NAME) return true
      for (let j = 0; j < i; j++) {
        const other = members[j]!
        if (
          other.nameEnd - other.nameStart === nameEnd - nameStart &&
          this.#isSame(nameStart, nameEnd, other.nameStart)
        ) {
          return true
        }
      }
    }
    return false
  }

  #isSame(start: number, end: number, otherStart: number): boolean {
    const bytes = this.#text.bytes
    for (let i = start, j = otherStart; i < end; i++, j++) if (bytes[i] !== bytes[j]) return false
    return true
  }

  #fieldOf(member: Member, byLength: KnownFields['byLength']): KnownField | undefined {
    const { nameStart, nameEnd } = member
    const candidates = byLength[nameEnd - nameStart - 2]
    if (candidates !== undefined) {
      for (const field of candidates) if (this.#text.reads(nameStart + 1, field.name)) return field
    }
    // Escapes make it longer, whatever they stand for.
    if (!member.escaped || isLongName(member)) return undefined
    const name = this.#nameOf(member)
    return byLength[name.length]?.find(field => field.name === name)
  }

  #built({ start, end }: Member, { built }: KnownField): unknown {
    const first = this.#text.bytes[start]
    if (first === OPEN_OBJECT || built === 'nothing') return UNBUILT_OBJECT
    if (first === OPEN_ARRAY && built !== 'list') return UNBUILT_LIST
    const text = this.#text.slice(start, end)
    if (first === QUOTE) return unescaped(text)
    if (first === OPEN_ARRAY) return JSON.parse(text)
    if (text === 'null') return null
    return text === 'true' ? true : text === 'false' ? false : Number(text)
  }

  #memberOf(name: string): Member {
    return this.#members[this.#names.indexOf(name)]!
  }

  #nameOf({ nameStart, nameEnd }: Member): string {
    return unescaped(this.#text.slice(nameStart, nameEnd))
  }
}

const isLongName = ({ nameStart, nameEnd }: Member): boolean => nameEnd - nameStart > LONGEST_NAME
