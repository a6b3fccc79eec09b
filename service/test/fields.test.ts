import { describe, expect, test } from 'vitest'
import { defaultDefinitions } from '../config/default-document.ts'
import { BusError } from '../errors.ts'
import { clamp, numeral } from '../http/bodies/clamp.ts'
import { reader } from '../http/bodies/read.ts'
import type { ObjectSchema, Schema } from '../http/schemas/schema.ts'

type AnyObject = ObjectSchema<Record<string, Schema>>

const MIB = 1024 * 1024
const LONG_TEXTS: [what: string, text: string][] = [
  ['digits', '1'.repeat(MIB)],
  ['digits and a letter', `${'1'.repeat(MIB)}x`],
  ['digits behind a point', `.${'1'.repeat(MIB)}x`],
  ['digits of an exponent', `1e${'1'.repeat(MIB)}x`],
  ['blanks', ' '.repeat(MIB)],
  ['blanks with a number among them', `${' '.repeat(MIB)}7${' '.repeat(MIB)}`],
  ['letters', 'a'.repeat(MIB)],
  ['commas', ','.repeat(MIB)],
  ['line breaks and blanks', '\n '.repeat(MIB / 2)],
]

const SCHEMAS = defaultDefinitions().flatMap(({ id, query, params, body, items }) =>
  [query, params, body?.fields, items?.fields]
    .filter(fields => fields !== undefined)
    .map((fields): [string, AnyObject] => [id, fields]),
)
const FIELDS = SCHEMAS.flatMap(([name, schema]) =>
  Object.keys(schema.properties).map((field): [string, string, AnyObject] => [name, field, schema]),
)

// What takes the square of its length takes hours for each of these.
describe('a field is read in time that its length explains, 1 MiB included', () => {
  test.each(FIELDS)('%s %s', (_name, field, schema) => {
    const alone = { ...schema, properties: { [field]: schema.properties[field]! } }
    const read = reader(alone)
    for (const [, text] of LONG_TEXTS)
      expect(['read', 'refused']).toContain(outcome(() => read({ [field]: text })))
  })
})

function outcome(read: () => unknown): string {
  try {
    read()
    return 'read'
  } catch (error) {
    return error instanceof BusError ? 'refused' : String(error)
  }
}

describe('a numeral', () => {
  test.each([
    ['7', 7],
    ['  7\t\n', 7],
    [`${' '.repeat(100_000)}7${' '.repeat(100_000)}`, 7],
    ['+7', 7],
    ['-0.5', -0.5],
    ['3.', 3],
    ['.5', 0.5],
    ['1e3', 1000],
    ['1E-3', 0.001],
    ['0007', 7],
    ['9'.repeat(300), 1e300],
    ['9'.repeat(399), Number.POSITIVE_INFINITY],
    ['9'.repeat(100_000), null],
    ['', null],
    [' ', null],
    ['.', null],
    ['1 2', null],
    ['1_000', null],
    ['0x10', null],
    ['1e', null],
    ['--1', null],
    ['Infinity', null],
    ['NaN', null],
  ])('%j', (text, expected) => {
    expect(numeral(text)).toBe(expected)
  })

  test('brought into range, too many digits count as none', () => {
    const bounds = { type: 'integer', minimum: 0, maximum: 1000, default: 100 } as const
    expect(clamp('9'.repeat(15_000), bounds)).toBe(100)
    expect(clamp('9'.repeat(100), bounds)).toBe(1000)
  })
})
