import { expect, test } from 'vitest'
import { type Seen, type Stored, violations } from '../../../service/test/crash/history.ts'
import { knownBy } from '../drill/known-by.ts'

const MARK = 1000
const publish = (id: string, answeredAt: number): Seen => ({
  kind: 'publish',
  key: null,
  payload: `{"work":"${id}"}`,
  outcome: 'ok',
  id,
  sentAt: answeredAt - 5,
  answeredAt,
})
const stored = (id: string): Stored => ({
  id,
  state: 'ready',
  attempts: 0,
  maxAttempts: 3,
  payload: `{"work":"${id}"}`,
  hasResult: false,
  deadLetters: 0,
})
const faultsOf = (seen: Seen[], there: string[]) =>
  violations({ seen: knownBy(seen, MARK), stored: there.map(stored), leaseMs: 60_000 })

const before = publish('before', 900)
const meanwhile = publish('meanwhile', 1003)
const after = publish('after', 2000)

test('what was acknowledged before the backup has to be in it', () => {
  expect(faultsOf([before, meanwhile, after], ['before'])).toEqual([])
  expect(faultsOf([before, meanwhile, after], ['meanwhile'])).toEqual([
    'publish before was acknowledged and is gone',
  ])
})

test('what came later may be in it or not, but nothing that nobody sent', () => {
  expect(faultsOf([before, meanwhile, after], ['before', 'meanwhile'])).toEqual([])
  expect(faultsOf([before, meanwhile], ['before', 'after'])).toEqual(['nobody published {"work":"after"}'])
})

test('a fulfilment that was acknowledged before has to be in it, a later one need not', () => {
  const claim: Seen = {
    kind: 'claim',
    id: 'before',
    token: 't',
    attempts: 0,
    payload: '{"work":"before"}',
    sentAt: 910,
    answeredAt: 920,
  }
  const fulfil = (answeredAt: number): Seen => ({
    kind: 'fulfil',
    id: 'before',
    token: 't',
    outcome: 'ok',
    sentAt: answeredAt - 5,
    answeredAt,
  })
  expect(faultsOf([before, claim, fulfil(1100)], ['before'])).toEqual([])
  expect(faultsOf([before, claim, fulfil(950)], ['before'])).toEqual([
    'before was fulfilled, acknowledged, and is ready now',
  ])
})
