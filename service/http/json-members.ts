import { endOfString, type Span, skipSpace, spanOf } from './json-text.ts'

const QUOTE = 0x22
const COMMA = 0x2c

/** A name with its quotes, as it was sent, and the value that it has. `end` is exclusive. */
type Member = { start: number; end: number; value: Span }

/**
 * Where the members of an object stand in a text that `JSON.parse` has accepted, found in one run over it. Names stay
 * where they are: to cut them out and put them into a Map took twice as long as all the rest.
 */
export class Members {
  readonly text: string
  readonly start: number
  /** Of the object, exclusive. */
  readonly end: number
  readonly #members: Member[] = []

  /** @param start where the object's brace stands */
  constructor(text: string, start: number) {
    this.text = text
    this.start = start
    let i = skipSpace(text, start + 1)
    while (text.charCodeAt(i) === QUOTE) {
      const end = endOfString(text, i)
      const colon = skipSpace(text, end)
      const value = spanOf(text, skipSpace(text, colon + 1))
      this.#members.push({ start: i, end, value })
      i = skipSpace(text, value.end)
      if (text.charCodeAt(i) === COMMA) i = skipSpace(text, i + 1)
    }
    this.end = i + 1
  }

  /** Two of one name count twice. */
  get size(): number {
    return this.#members.length
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined
  }

  /** @throws when there is no such member: ask the parsed fields first */
  valueOf(name: string): Span {
    const member = this.#find(name)
    if (member === undefined) throw new Error(`there is no member ${name}`)
    return member.value
  }

  /** The object without one of its members. */
  textWithout(name: string): string {
    const others = this.#members.filter(member => this.#nameOf(member) !== name)
    return `{${others.map(({ start, value }) => this.text.slice(start, value.end)).join(',')}}`
  }

  /** The first name that stands twice. */
  repeated(): string | undefined {
    const seen = new Set<string>()
    for (const member of this.#members) {
      const name = this.#nameOf(member)
      if (seen.has(name)) return name
      seen.add(name)
    }
    return undefined
  }

  #find(name: string): Member | undefined {
    for (const member of this.#members) {
      const chars = member.end - member.start - 2
      if (chars === name.length && this.text.startsWith(name, member.start + 1)) return member
    }
    // Escapes make it longer, whatever they stand for.
    return this.#members.find(
      member => member.end - member.start - 2 > name.length && this.#nameOf(member) === name,
    )
  }

  /** Unescaped. */
  #nameOf({ start, end }: Member): string {
    const raw = this.text.slice(start, end)
    return raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1)
  }
}
