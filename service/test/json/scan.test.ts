import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Member, Place } from '../../http/json/places.ts'
import { DEEPEST, MOST_KEPT, MOST_MEMBERS, Scan, type ScanOptions } from '../../http/json/scan.ts'
import { ScanFault } from '../../http/json/scan-fault.ts'
import { anyJson, anyObject, nearlyJson } from './any-json.ts'
import { canonicalBefore } from './canonical-before.ts'

const ALL = Number.POSITIVE_INFINITY

/** @param stride bytes at a time */
function scan(text: string, options: ScanOptions = {}, stride = ALL): Scan {
  const bytes = Buffer.from(text)
  const scanning = new Scan(bytes, { start: 0, end: bytes.length }, options)
  while (!scanning.read(stride));
  return scanning
}

function fault(text: string, options: ScanOptions = {}, stride = ALL): ScanFault {
  try {
    scan(text, options, stride)
  } catch (error) {
    if (error instanceof ScanFault) return error
    throw error
  }
  throw new Error(`taken: ${text.slice(0, 100)}`)
}

const isTaken = (take: () => unknown): boolean => {
  try {
    take()
    return true
  } catch {
    return false
  }
}

describe('it takes what JSON.parse takes', () => {
  test('and nothing else, in one go or a few bytes at a time', () => {
    fc.assert(
      fc.property(nearlyJson, fc.integer({ min: 1, max: 7 }), (text, stride) => {
        const expected = isTaken(() => JSON.parse(text))
        expect([isTaken(() => scan(text)), isTaken(() => scan(text, {}, stride))]).toEqual([
          expected,
          expected,
        ])
      }),
      { numRuns: 10_000 },
    )
  })

  test.each([
    '',
    ' ',
    '{',
    '}',
    '[',
    ']',
    '[1,]',
    '{"a":1,}',
    '{,}',
    '[,1]',
    '{"a"}',
    '{"a":}',
    '{1:2}',
    '"',
    '"\\',
    '"\\u',
    '"\\u12',
    '"\\u12g4"',
    '"\\x"',
    '"\n"',
    '"\u007f"',
    '01',
    '-',
    '-01',
    '1.',
    '.5',
    '1.e5',
    '1e',
    '1e+',
    '+1',
    '0x1',
    '1_0',
    'tru',
    'truee',
    'nul',
    'nulL',
    'NaN',
    'Infinity',
    '-Infinity',
    '1 2',
    '{} {}',
    '[1 2]',
    '{"a" 1}',
    '{"a":1 "b":2}',
    "{'a':1}",
    '\u00a0{}',
    '\ufeff{}',
    '{}\0',
    '[1]]',
    '[{]}',
    '"\\u0000"',
    '-0',
    '0',
    '1E5',
    '1e-05',
    '[ ]',
    '{ }',
    ' [ { } ] ',
  ])('%j', text => {
    const expected = isTaken(() => JSON.parse(text))
    for (const stride of [ALL, 1, 2]) expect(isTaken(() => scan(text, {}, stride))).toBe(expected)
  })
})

test('the members of an object are written down with where they stand, how deep and whether they are spaced', () => {
  fc.assert(
    fc.property(anyObject, fc.integer({ min: 1, max: 7 }), (text, stride) => {
      const bytes = Buffer.from(text)
      const { members } = scan(text, {}, stride)
      const cut = (start: number, end: number) => bytes.toString('utf8', start, end)
      const read = members.map(each => `${cut(each.nameStart, each.nameEnd)}:${cut(each.start, each.end)}`)
      expect(canonicalBefore(`{${read.join(',')}}`)).toBe(canonicalBefore(text))
      for (const { start, end, depth, spaced } of members) {
        const value = cut(start, end)
        expect(depth).toBe(depthOf(value))
        expect(spaced).toBe(value.replace(/"(?:[^"\\]|\\.)*"/g, '""') !== compactOf(value))
      }
    }),
    { numRuns: 2000 },
  )
})

const compactOf = (text: string) => text.replace(/"(?:[^"\\]|\\.)*"/g, '""').replace(/\s/g, '')

/** Of the deepest leaf, an empty container being one. */
function depthOf(text: string): number {
  let level = 0
  let deepest = 0
  for (const c of compactOf(text)) {
    if (c === ']' || c === '}') level -= 1
    else if (c !== ',' && c !== ':') deepest = Math.max(deepest, level)
    if (c === '[' || c === '{') level += 1
  }
  return deepest
}

test.each([
  ['{"items":[1,{"items":[2]},"x"]}', ['1', '{"items":[2]}', '"x"']],
  ['{"\\u0069tems": [ [] , {} ] ,"other":[7]}', ['[]', '{}']],
  ['{"items":[]}', []],
  ['{"items":{"items":[1]}}', []],
  ['{"other":{"items":[1]}}', []],
  ['[["items",[1]]]', []],
])('the elements of a list that is asked for are written down: %s', (text, expected) => {
  const { items, itemCount } = scan(text, { list: { name: 'items', most: 100 } }, 1)
  expect(items.map(({ start, end }) => text.slice(start, end))).toEqual(expected)
  expect(itemCount).toBe(expected.length)
})

describe('of an item of a list the scan of the body says what a scan of the item alone says', () => {
  const alone = (bytes: Buffer, { start, end }: Place, options: ScanOptions = {}): Scan => {
    const scanning = new Scan(bytes, { start, end }, options)
    scanning.read(ALL)
    return scanning
  }

  test('where its members are, and how many values it has', () => {
    const list = fc.array(fc.oneof({ arbitrary: anyObject, weight: 4 }, anyJson), { maxLength: 5 })
    fc.assert(
      fc.property(list, anyJson, fc.integer({ min: 1, max: 7 }), (texts, other, stride) => {
        const text = `{"a":${other},"items":[${texts.join(',')}],"b":${other}}`
        const bytes = Buffer.from(text)
        const { items, members } = scan(text, { list: { name: 'items', most: 100 } }, stride)
        expect(items).toHaveLength(texts.length)
        for (const item of items) {
          const single = alone(bytes, item)
          expect(item.members).toEqual(single.isObject ? single.members : null)
          expect(isTaken(() => alone(bytes, item, { mostValues: item.values }))).toBe(true)
          expect(isTaken(() => alone(bytes, item, { mostValues: item.values - 1 }))).toBe(false)
        }
        const places = (of: Member[]) => of.map(({ depth: _, spaced: __, ...place }) => place)
        expect(places(members)).toEqual(places(scan(text).members))
      }),
      { numRuns: 2000 },
    )
  })

  const objectOf = (members: number) => `{${Array.from({ length: members }, (_, i) => `"${i}":0`).join(',')}}`
  const keptOf = (texts: string[]) => {
    const { items } = scan(`{"items":[${texts.join(',')}]}`, { list: { name: 'items', most: 1000 } })
    return items.map(({ members }) => members?.length ?? null)
  }

  test('but not of an object of too many members, nor of what comes after so many', () => {
    expect(keptOf([objectOf(MOST_MEMBERS), objectOf(MOST_MEMBERS + 1), objectOf(1)])).toEqual([
      MOST_MEMBERS,
      null,
      1,
    ])
    const larger = Array(20).fill(objectOf(MOST_MEMBERS + 1))
    expect(keptOf([...larger, objectOf(1)]).at(-1)).toBe(1)
    const kept = keptOf(Array(1000).fill(objectOf(40)))
    const enough = Math.floor(MOST_KEPT / 40)
    expect(kept.slice(0, enough)).toEqual(Array(enough).fill(40))
    expect(kept.slice(enough)).toEqual(Array(1000 - enough).fill(null))
  })
})

test('of a list that is too long only the first are written down, and all are counted', () => {
  const text = `{"items":[${'0,'.repeat(4999)}0]}`
  const { items, itemCount } = scan(text, { list: { name: 'items', most: 10 } })
  expect([items.length, itemCount]).toEqual([10, 5000])
})

describe('there is an end to', () => {
  test('levels', () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
    expect(isTaken(() => scan(nested(DEEPEST)))).toBe(true)
    expect(fault(nested(DEEPEST + 1))).toMatchObject({ kind: 'deep', at: DEEPEST })
    expect(fault('['.repeat(2_000_000))).toMatchObject({ kind: 'deep', at: DEEPEST })
  })

  test('members of the outermost object, not of those inside', () => {
    const object = (members: number) => `{${Array.from({ length: members }, (_, i) => `"${i}":0`).join(',')}}`
    expect(scan(object(MOST_MEMBERS)).members).toHaveLength(MOST_MEMBERS)
    expect(fault(object(MOST_MEMBERS + 1))).toMatchObject({ kind: 'members' })
    expect(isTaken(() => scan(`{"a":${object(MOST_MEMBERS + 1)}}`))).toBe(true)
  })

  test('values', () => {
    const list = (values: number) => `[${'0,'.repeat(values - 2)}0]`
    expect(isTaken(() => scan(list(1000), { mostValues: 1000 }))).toBe(true)
    expect(fault(list(1001), { mostValues: 1000 })).toMatchObject({ kind: 'many' })
  })
})

test('whatever comes, each byte is read once or twice', () => {
  const size = 30_000
  for (const unit of ['[', '{"a":1,', '{},', '"\\u0041', '1', ' ', 'a', '"a":1,', '\\', '9e9']) {
    for (const start of ['', '{"a":[', '{', '"', '{"x":"']) {
      const bytes = Buffer.from(start + unit.repeat(size / unit.length))
      let reads = 0
      const counted = new Proxy(bytes, {
        get(target, key) {
          if (typeof key === 'string' && key !== 'length') reads += 1
          return Reflect.get(target, key, target)
        },
      })
      const scanning = new Scan(counted, { start: 0, end: bytes.length })
      isTaken(() => {
        while (!scanning.read(1000));
      })
      expect(reads).toBeLessThan(2.5 * bytes.length + 100)
    }
  }
})
