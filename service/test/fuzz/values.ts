/** Values for a schema: what it takes, what it does not, and now and then as much of it as there is room for. */
import fc from 'fast-check'
import { anyJson } from '../json/any-json.ts'
import type { Schema } from './document.ts'
import { FILLINGS } from './fillings.ts'

/** A JSON text, made when it is known how much room there is for what is large in it. */
export type Text = {
  /** How many parts of it share the room. */
  large: number
  /** @param room of each of them, in bytes */
  make: (room: number) => string
  /** What is large in it. */
  kind: string
}

const small = (json: string): Text => ({ large: 0, make: () => json, kind: '' })

const filling: fc.Arbitrary<Text> = fc
  .constantFrom(...Object.keys(FILLINGS))
  .map(kind => ({ large: 1, make: room => FILLINGS[kind]!(room), kind }))

const oddScalar = fc.constantFrom(
  ...['null', 'true', 'false', '0', '-0', '-1', '1e999', '1e-999', '0.1', '99999999999999999999', '""', '[]'],
  ...['{}', '" "', '"0"', '"7"', '"3.9"', '"-1"', '"1e999"', '"NaN"', '"Infinity"', '"\\u0000"', '"\\ud800"'],
)

/** Texts that are ids, tokens and the like for the bus: `send.ts` puts real ones in their place. */
export const KNOWN = { id: '@id@', token: '@token@' } as const

export function valueFor(name: string, schema: Schema): fc.Arbitrary<Text> {
  return fc.oneof(
    { weight: 40, arbitrary: fitting(name, schema) },
    { weight: 2, arbitrary: oddScalar.map(small) },
    { weight: 1, arbitrary: anyJson.map(small) },
    { weight: 3, arbitrary: filling },
  )
}

function fitting(name: string, schema: Schema): fc.Arbitrary<Text> {
  if (name === 'claim_token') return fc.constant(small(`"${KNOWN.token}"`))
  if (name === 'id') return fc.constant(small(`"${KNOWN.id}"`))
  const { anyOf, items, properties } = schema
  if (schema.const !== undefined) return fc.constant(small(JSON.stringify(schema.const)))
  if (schema.enum !== undefined)
    return fc.constantFrom(...schema.enum).map(each => small(JSON.stringify(each)))
  if (anyOf !== undefined) return fc.oneof(...anyOf.map(each => fitting(name, each)))
  if (items !== undefined) return list(name, items, schema.maxItems ?? 3)
  if (properties !== undefined) return objectFor(schema)
  return scalar(schema).map(small)
}

/** Few different ones, repeated: what is large in one of them is so in all that are like it. */
function list(name: string, items: Schema, most: number): fc.Arbitrary<Text> {
  const lengths = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 5 }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: most }) },
    { weight: 1, arbitrary: fc.constantFrom(most, most + 1) },
  )
  return fc
    .tuple(lengths, fc.array(valueFor(name, items), { minLength: 1, maxLength: 3 }))
    .map(([length, different]) => {
      const all = Array.from({ length }, (_, i) => different[i % different.length]!)
      return joined('[', all, ']', () => '')
    })
}

/** Unknown members too, and names that are written in another way or come twice. */
export function objectFor({ properties = {}, required = [] }: Schema): fc.Arbitrary<Text> {
  const members = Object.entries(properties).map(([name, schema]) =>
    fc.tuple(
      fc.oneof(
        { weight: 40, arbitrary: fc.constant(JSON.stringify(name)) },
        { weight: 1, arbitrary: fc.constant(escaped(name)) },
      ),
      valueFor(name, schema),
      fc.integer({ min: 0, max: 19 }).map(chance => chance < (required.includes(name) ? 19 : 7)),
    ),
  )
  const unknown = fc.tuple(
    fc.oneof(fc.constantFrom('"x"', '"payload"', '"__proto__"', '""', '"idempotency_key"'), anyName),
    fc.oneof(filling, anyJson.map(small)),
    fc.constant(true),
  )
  return fc.tuple(fc.tuple(...members), fc.array(unknown, { maxLength: 2 })).map(([known, others]) => {
    const present = [...known, ...others].filter(([, , isThere]) => isThere)
    const values = present.map(([, value]) => value)
    return joined('{', values, '}', i => `${present[i]![0]}:`)
  })
}

const anyName = fc.string({ maxLength: 8 }).map(name => JSON.stringify(name))

const escaped = (name: string): string =>
  `"${[...name].map(letter => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`

function joined(open: string, parts: readonly Text[], close: string, before: (i: number) => string): Text {
  return {
    large: parts.reduce((sum, { large }) => sum + large, 0),
    make: room => `${open}${parts.map((part, i) => before(i) + part.make(room)).join(',')}${close}`,
    kind: [...new Set(parts.map(({ kind }) => kind).filter(Boolean))].join(', '),
  }
}

function scalar({ type, pattern, minimum = 0, maximum = 1e9 }: Schema): fc.Arbitrary<string> {
  const texts = pattern === undefined ? fc.string({ maxLength: 20 }) : matching(pattern)
  const kinds: Record<string, fc.Arbitrary<string>> = {
    string: texts.map(text => JSON.stringify(text)),
    integer: fc.integer({ min: Math.ceil(minimum), max: Math.min(maximum, 2 ** 31 - 1) }).map(String),
    number: fc.double({ min: minimum, max: maximum, noNaN: true }).map(String),
    boolean: fc.boolean().map(String),
    null: fc.constant('null'),
  }
  const types = [type ?? []].flat()
  return types.length === 0 ? anyJson : fc.oneof(...types.map(each => kinds[each] ?? anyJson))
}

/** Some of the patterns repeat a hundred times what may be empty, which fast-check would make by all its ways. */
function matching(pattern: string): fc.Arbitrary<string> {
  const matches = new RegExp(pattern)
  const short = fc.stringMatching(new RegExp(pattern.replace(/\{(\d+),\d{2,}\}/g, '{$1,12}')))
  return short.filter(text => matches.test(text))
}
