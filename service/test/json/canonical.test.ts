import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalSteps } from '../../http/json/canonical.ts'
import { knownFields } from '../../http/json/known-fields.ts'
import { JsonObject } from '../../http/json/object.ts'
import { Scan } from '../../http/json/scan.ts'
import { SentText } from '../../http/json/sent-text.ts'
import { object } from '../../http/schemas/schema.ts'
import { atOnce } from '../../http/turns.ts'
import { anyJson, anyObject } from './any-json.ts'
import { canonicalBefore, withoutMember } from './canonical-before.ts'

const NAMES = ['a', 'aa', 'a!', '']

const canonicalJson = (text: string): string => atOnce(canonicalSteps(text))

describe('the canonical text is to the byte what it has been', () => {
  test('of any JSON', () => {
    fc.assert(
      fc.property(anyJson, text => {
        expect(canonicalJson(text)).toBe(canonicalBefore(text))
      }),
      { numRuns: 3000 },
    )
  })

  const nested = (levels: number, open: string, close: string) =>
    `${open.repeat(levels)} { "b" : 1 , "a" : [ 1 , { "d" : 2 , "c" : 3 } ] } ${close.repeat(levels)}`
  test.each([0, 29, 30, 31, 32, 33, 40, 300])('%d levels deep, where keys are sorted to the 32nd', levels => {
    for (const text of [nested(levels, '[ ', ' ]'), nested(levels, '{"z": 0, "y" :', '}')]) {
      expect(canonicalJson(text)).toBe(canonicalBefore(text))
    }
  })

  test('of an object without one of its members', () => {
    fc.assert(
      fc.property(anyObject, fc.constantFrom(...NAMES), (text, name) => {
        expect(canonicalJson(read(text).textWithout(name))).toBe(canonicalBefore(withoutMember(text, name)))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a long text is made in many steps, and they change nothing', () => {
  const count = 40_000
  const wide = (name: (i: number) => string) =>
    `{${Array.from({ length: count }, (_, i) => `"${name(i)}":${i}`).join(',')}}`
  test.each([
    ['members', wide(i => `k${(i * 7919) % count}`)],
    ['members of few names, in the order they were sent in', wide(i => `k${i % 7}`)],
    ['members in the wrong order', wide(i => `k${1e6 - i}`)],
    ['numbers', `[${'1, '.repeat(count)}1]`],
  ])('%s', (_, text) => {
    const steps = canonicalSteps(text)
    let taken = 0
    let last = steps.next()
    for (; !last.done; last = steps.next()) taken += 1
    expect(taken).toBeGreaterThan(2)
    expect(last.value).toBe(canonicalBefore(text))
  })
})

test('it is made in one run: eight times the text takes about eight times the characters', () => {
  const deep = (size: number) => `${'[[1,{"b":"'.repeat(15)}${'x'.repeat(size)}${'"}]]'.repeat(15)}`
  expect(reads(deep(8000)) / reads(deep(1000))).toBeLessThan(9)
  const wide = (size: number) => `{${Array.from({ length: size }, (_, i) => `"k${size - i}":[]`).join(',')}}`
  expect(reads(wide(8000)) / reads(wide(1000))).toBeLessThan(11)
})

/** Characters of the text that are looked at while its canonical form is made. */
function reads(text: string): number {
  let count = 0
  const counting = Object.assign(new String(text), {
    charCodeAt(index: number): number {
      count += 1
      return text.charCodeAt(index)
    },
  })
  canonicalJson(counting as unknown as string)
  return count
}

function read(text: string): JsonObject {
  const bytes = Buffer.from(text)
  const place = { start: 0, end: bytes.length }
  const scan = new Scan(bytes, place)
  scan.read(Number.POSITIVE_INFINITY)
  return new JsonObject(
    new SentText(bytes, place),
    place,
    scan.members,
    knownFields(object({}), { also: NAMES }),
  )
}
