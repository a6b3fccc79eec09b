/** Names that come twice in one object, however they are written, and however long they are. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { knownFields } from '../../http/json/known-fields.ts'
import { JsonObject } from '../../http/json/object.ts'
import { LONGEST_NAME, Scan } from '../../http/json/scan.ts'
import { SentText } from '../../http/json/sent-text.ts'
import { object } from '../../http/schemas/schema.ts'

const LONG = 'a'.repeat(LONGEST_NAME)

function read(text: string): JsonObject {
  const bytes = Buffer.from(text)
  const place = { start: 0, end: bytes.length }
  const scan = new Scan(bytes, place, {})
  while (!scan.read(64 * 1024)) {}
  return new JsonObject(
    new SentText(bytes, place),
    place,
    scan.members,
    knownFields(object({}), { also: ['goal'] }),
  )
}

const of = (names: string[]): string => `{${names.map(name => `"${name}":1`).join(',')}}`
const others = Array.from({ length: 20 }, (_, i) => `other${i}`)

test.each([
  ['among few', ['goal', 'x', 'goal'], 'goal'],
  ['among many', [...others, 'goal', 'goal'], 'goal'],
  ['with an escape', ['goal', '\\u0067oal'], 'goal'],
  ['when it is long', [LONG, 'x', LONG], LONG],
  ['when it is long, among many', [...others, LONG, LONG], LONG],
])('a name that comes twice %s is found', (_, names, repeated) => {
  expect(read(of(names)).repeated()).toBe(repeated)
})

test.each([
  ['few', ['goal', 'x', 'Goal']],
  ['many', [...others, 'goal']],
  ['long ones that differ in their last letter', [`${LONG}b`, `${LONG}c`]],
  ['a long one and its digest', [LONG, createHash('sha256').update(`"${LONG}"`).digest('hex')]],
])('%s names that differ are no fault', (_, names) => {
  expect(read(of(names)).repeated()).toBeUndefined()
})

test('the escapes of a long name are left as they are: nobody reads it', () => {
  expect(read(of([LONG, `\\u0061${LONG.slice(1)}`])).repeated()).toBeUndefined()
})

test('a known name is read with escapes all through, and none that is longer', () => {
  const escaped = [...'goal'].map(letter => `\\u00${letter.charCodeAt(0).toString(16)}`).join('')
  expect(read(`{"${escaped}":"work"}`).fields).toEqual({ goal: 'work' })
})
