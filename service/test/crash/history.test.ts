import { expect, test } from 'vitest'
import { type History, type Seen, type Stored, violations } from './history.ts'

const LEASE_MS = 10_000
const at = (sentAt: number) => ({ sentAt, answeredAt: sentAt + 5 })

const published: Seen = { kind: 'publish', key: 'k1', payload: '{"n":1}', outcome: 'ok', id: 'a', ...at(0) }
const claimed: Seen = { kind: 'claim', id: 'a', token: 't1', attempts: 1, payload: '{"n":1}', ...at(10) }
const fulfilled: Seen = { kind: 'fulfil', id: 'a', token: 't1', outcome: 'ok', ...at(20) }
const failed: Seen = { ...fulfilled, kind: 'fail' }
const stored: Stored = {
  id: 'a',
  state: 'fulfilled',
  attempts: 1,
  maxAttempts: 3,
  payload: '{"n":1}',
  hasResult: true,
  deadLetters: 0,
}
const open: Stored = { ...stored, state: 'ready', hasResult: false }

const check = (seen: Seen[], found: Stored[]) => violations({ seen, stored: found, leaseMs: LEASE_MS })

test('a sound history passes', () => {
  expect(check([published, claimed, fulfilled], [stored])).toEqual([])
})

test('what nobody knows may have happened or not', () => {
  const unknown: Seen = { ...published, outcome: 'unknown', id: null }
  expect(check([unknown], [])).toEqual([])
  expect(check([unknown], [{ ...open, attempts: 0 }])).toEqual([])
  expect(check([published, claimed, { ...fulfilled, outcome: 'unknown' }], [{ ...open }])).toEqual([])
  expect(check([published, claimed, { ...fulfilled, outcome: 'unknown' }], [stored])).toEqual([])
})

test('a claim after a failure, or after the lease ran out, is fine', () => {
  const again = { ...claimed, token: 't2', attempts: 2 }
  const twice = { ...open, attempts: 2 }
  expect(check([published, claimed, failed, { ...again, ...at(3000) }], [twice])).toEqual([])
  expect(check([published, claimed, { ...again, ...at(10 + LEASE_MS) }], [twice])).toEqual([])
})

test('an extended lease lasts longer', () => {
  const extended: Seen = { ...fulfilled, kind: 'extend' }
  const late = { ...fulfilled, ...at(LEASE_MS + 500) }
  expect(check([published, claimed, extended, late], [stored])).toEqual([])
})

const faults: [what: string, history: Omit<History, 'leaseMs'>, says: RegExp][] = [
  ['a lost publish', { seen: [published], stored: [] }, /acknowledged and is gone/],
  [
    'a changed payload',
    { seen: [published], stored: [{ ...open, attempts: 0, payload: '{}' }] },
    /another payload/,
  ],
  [
    'a second intent for one key',
    { seen: [published], stored: [{ ...open }, { ...open, id: 'b' }] },
    /became 2 intents/,
  ],
  [
    'a key that answers another id later',
    { seen: [published, { ...published, id: 'b', ...at(50) }], stored: [open, { ...open, id: 'b' }] },
    /answered a, then b/,
  ],
  [
    'more intents than tries, without a key',
    { seen: [{ ...published, key: null }], stored: [open, { ...open, id: 'b' }] },
    /became 2 intents/,
  ],
  [
    'an intent made of a refused publish',
    { seen: [{ ...published, key: null, outcome: 'refused', id: null }], stored: [open] },
    /became 1 intents/,
  ],
  ['an intent that nobody published', { seen: [], stored: [open] }, /nobody published/],
  [
    'a lost fulfilment',
    { seen: [published, claimed, fulfilled], stored: [open] },
    /fulfilled, acknowledged, and is ready/,
  ],
  [
    'a lost result',
    { seen: [published, claimed, fulfilled], stored: [{ ...stored, hasResult: false }] },
    /result of a was acknowledged/,
  ],
  [
    'a lease settled twice',
    { seen: [published, claimed, fulfilled, { ...failed, ...at(40) }], stored: [stored] },
    /settled twice/,
  ],
  [
    'work handed out after it was done',
    {
      seen: [published, claimed, fulfilled, { ...claimed, token: 't2', attempts: 2, ...at(60) }],
      stored: [{ ...stored, attempts: 2 }],
    },
    /after its fulfilment/,
  ],
  [
    'work handed out while a lease lives',
    {
      seen: [published, claimed, { ...claimed, token: 't2', attempts: 2, ...at(5000) }],
      stored: [{ ...open, attempts: 2 }],
    },
    /while its lease lived/,
  ],
  [
    'a settle after the lease ran out',
    { seen: [published, claimed, { ...fulfilled, ...at(LEASE_MS + 500) }], stored: [stored] },
    /after its lease ran out/,
  ],
  [
    'an attempt handed out twice',
    {
      seen: [published, claimed, failed, { ...claimed, token: 't2', ...at(9000) }],
      stored: [open],
    },
    /attempt 1 of a was handed out twice/,
  ],
  [
    'a forgotten attempt',
    { seen: [published, claimed], stored: [{ ...open, attempts: 0 }] },
    /counts 0 attempts/,
  ],
  [
    'a payload changed on the way to a worker',
    { seen: [published, { ...claimed, payload: '{}' }], stored: [open] },
    /with another payload/,
  ],
  ['too many attempts', { seen: [published], stored: [{ ...open, attempts: 4 }] }, /4 attempts, of 3/],
  [
    'dead without a dead letter',
    { seen: [published], stored: [{ ...open, state: 'dead' }] },
    /dead with 0 dead letters/,
  ],
  [
    'dead and fulfilled at once',
    { seen: [published], stored: [{ ...stored, deadLetters: 1 }] },
    /fulfilled and has a dead letter/,
  ],
  [
    'dead with a result',
    { seen: [published], stored: [{ ...stored, state: 'dead', deadLetters: 1 }] },
    /dead and has a result/,
  ],
  [
    'a replay that went through',
    { seen: [{ kind: 'replay', accepted: true, ...at(1) }], stored: [] },
    /nonce/,
  ],
  [
    'a key that took two bodies',
    { seen: [{ kind: 'conflict', accepted: true, ...at(1) }], stored: [] },
    /two bodies/,
  ],
]

test.each(faults)('%s is found', (_what, { seen, stored: found }, says) => {
  expect(check(seen, found).join('\n')).toMatch(says)
})
