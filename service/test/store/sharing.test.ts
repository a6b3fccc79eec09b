import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Op } from '../../store/operations.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import type { Committed, Store } from '../../store/store.ts'

let folder: string
let store: Store

const set = (key: string, value: string): Op => ({
  kind: 'set',
  keyId: 0,
  key,
  value,
  expiresAt: 9_000,
  nonce: { keyId: 0, value: `nonce of ${value}`, expiresAt: 9_000 },
})

describe.each(['thread', 'inline'])('the writer %s', place => {
  beforeEach(async () => {
    vi.stubEnv('BUS_SQLITE_WRITER', place)
    folder = mkdtempSync(join(tmpdir(), 'bus-sharing-'))
    store = await openSqliteStore({ path: join(folder, 'bus.db'), log: { info() {}, warn() {}, error() {} } })
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await store.close()
    rmSync(folder, { recursive: true })
  })

  test('commits that wait for one another share transactions, and each gets its own outcomes', async () => {
    const calls = Array.from({ length: 200 }, (_, i) => [set('k', `${i}`), set('k', `${i}`)])
    const answers = await Promise.all(calls.map(ops => store.commit(ops, 1000)))

    const transactions = new Set(answers.map(answer => answer.transaction))
    expect(transactions.size).toBeLessThan(100)
    expect([...transactions].reduce((sum, { operations }) => sum + operations, 0)).toBe(400)
    for (const { outcomes } of answers) {
      expect(outcomes).toEqual([
        { ok: true, value: null },
        { ok: false, refusal: 'replay' },
      ])
    }
  })

  test('they are applied in the order they came, and what stands between them is answered in turn', async () => {
    const order: string[] = []
    const note = (name: string) => () => order.push(name)
    await Promise.all([
      store.commit([set('k', 'first')], 1000).then(note('first')),
      store.commit([set('k', 'second')], 1000).then(note('second')),
      store.stats().then(note('stats')),
      store.commit([set('k', 'third')], 1000).then(note('third')),
    ])
    expect(order).toEqual(['first', 'second', 'stats', 'third'])
    expect(await store.value(0, 'k', 1000)).toBe('third')
  })

  test('a close that comes right behind them waits for them', async () => {
    const path = join(folder, 'bus.db')
    const last = Promise.all(Array.from({ length: 50 }, (_, i) => store.commit([set(`k${i}`, `${i}`)], 1000)))
    await store.close()
    await last
    store = await openSqliteStore({ path, log: { info() {}, warn() {}, error() {} } })
    expect(await store.value(0, 'k49', 1000)).toBe('49')
  })
})

test('an inline writer waits with its sync for what comes turn by turn, as new connections do', async () => {
  vi.stubEnv('BUS_SQLITE_WRITER', 'inline')
  const folder = mkdtempSync(join(tmpdir(), 'bus-sharing-'))
  const store = await openSqliteStore({
    path: join(folder, 'bus.db'),
    log: { info() {}, warn() {}, error() {} },
  })
  const answers: Promise<Committed>[] = []
  for (let i = 0; i < 40; i += 1) {
    answers.push(store.commit([set(`k${i}`, `${i}`)], 1000))
    await turn()
  }
  expect(new Set((await Promise.all(answers)).map(answer => answer.transaction)).size).toBe(1)
  await store.close()
  rmSync(folder, { recursive: true })
  vi.unstubAllEnvs()
})
