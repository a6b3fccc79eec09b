import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ClaimOp, FulfilOp, Op, PurgeCursor, SweepOp } from '../../store/operations.ts'
import type { Claimed, Outcome } from '../../store/outcomes.ts'
import { openWriting } from '../../store/sqlite/connection.ts'
import { Writer } from '../../store/sqlite/writer.ts'
import { publishOp, routeIn } from '../support/publish-op.ts'

const PAGE = 4096

let folder: string
let path: string
let writer: Writer
let complaints: string[]
/** The database as it was before it was damaged. */
let undamaged: Buffer

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bus-page-'))
  path = join(folder, 'bus.db')
  complaints = []
  open()
})
afterEach(() => {
  if (writer.db.open) writer.db.close()
  rmSync(folder, { recursive: true })
})

function open(): void {
  writer = new Writer(
    openWriting(path, () => {}),
    { info() {}, error: text => complaints.push(text) },
  )
}

/** With the pages of what the query names overwritten, as the next start finds them. */
function damage(query: string): void {
  writer.db.pragma('wal_checkpoint(TRUNCATE)')
  const pages = writer.db.prepare(`SELECT pageno FROM dbstat WHERE ${query}`).pluck().all() as number[]
  writer.db.close()
  expect(pages.length).toBeGreaterThan(0)
  undamaged = readFileSync(path)
  const bytes = Buffer.from(undamaged)
  for (const page of pages) bytes.fill(0xa5, (page - 1) * PAGE, page * PAGE)
  writeFileSync(path, bytes)
  open()
}

/** The same while the writer has the database open, with nothing of it in memory. */
function damageLive(name: string): void {
  writer.db.pragma('wal_checkpoint(TRUNCATE)')
  const pages = writer.db.prepare(`SELECT pageno FROM dbstat WHERE name = ?`).pluck().all(name) as number[]
  const file = openSync(path, 'r+')
  for (const page of pages) writeSync(file, Buffer.alloc(PAGE, 0xa5), 0, PAGE, (page - 1) * PAGE)
  closeSync(file)
  writer.db.pragma('shrink_memory')
}

const publish = (id: string, namespace: string, text = '"x"'): Op =>
  publishOp(id, routeIn(namespace, 'print'), { payload: text })
const claim = (namespace: string): ClaimOp => ({
  kind: 'claim',
  ask: { keyId: 0, namespace, goal: null, publisher: null, workerId: '', capabilities: [] },
  tokens: ['t'.repeat(32)],
  leaseMs: 60_000,
  nonce: null,
})
const commit = (ops: Op[]) => writer.commit([{ ops, now: 1000 }])

const LONG = JSON.stringify('x'.repeat(20_000))
const PAYLOADS = `name = 'payloads' AND pagetype = 'overflow'`
const told = (outcomes: Outcome[]) => outcomes.map(outcome => (outcome.ok ? 'done' : outcome.refusal))
const idsOf = (outcome: Outcome) => (outcome.ok ? (outcome.value as Claimed[]).map(({ id }) => id) : [])
/** One claim after the other until there is nothing left. */
function claimAll(namespace: string): string[] {
  const ids: string[] = []
  for (;;) {
    const [outcome] = commit([claim(namespace)]).outcomes[0]!
    const [id] = idsOf(outcome!)
    if (id !== undefined) ids.push(id)
    else if (outcome!.ok) return ids
  }
}
const sweep = (prune: boolean): SweepOp => ({
  kind: 'sweep',
  limit: 50,
  seed: 0.5,
  keepFulfilledMs: 0,
  keepDeadMs: 0,
  prune,
})

/** Step after step, as the broker does it. @returns how many intents went */
function purge(namespace: string | null): number {
  let deleted = 0
  let from: PurgeCursor | null = null
  do {
    const [outcome] = commit([{ kind: 'purge', namespace, from, limit: 50 }])
      .outcomes[0] as Outcome<'purge'>[]
    if (!outcome!.ok) throw new Error(outcome!.refusal)
    deleted += outcome!.value.deleted
    from = outcome!.value.next
  } while (from !== null)
  return deleted
}

test('an intent that cannot be read is set aside, and the rest of its lane and its commit are carried out', () => {
  commit([publish('a', 'barn', LONG), publish('b', 'barn'), publish('c', 'house')])
  damage(PAYLOADS)

  const { outcomes, transaction } = commit([publish('d', 'house'), claim('barn'), claim('house')])
  expect(told(outcomes[0]!)).toEqual(['done', 'done', 'done'])
  expect(idsOf(outcomes[0]![1]!)).toEqual(['b'])
  expect(transaction.damage).toEqual([])
  expect(writer.damage.state).toEqual({ intents: 1, parts: [] })
  expect(complaints).toEqual([
    expect.stringMatching(/intent a cannot be read and is set aside; no worker gets it/),
  ])
  expect(claimAll('barn')).toEqual([])
})

test('what is set aside is so after a start, until it can be read again', () => {
  commit([publish('a', 'barn', LONG), publish('b', 'barn')])
  damage(PAYLOADS)
  expect(claimAll('barn')).toEqual(['b'])
  writer.db.close()
  open()
  expect(writer.damage.state).toEqual({ intents: 1, parts: [] })

  writer.db.close()
  writeFileSync(path, undamaged)
  open()
  expect(writer.damage.state).toEqual({ intents: 0, parts: [] })
  expect(existsSync(`${path}.damaged`)).toBe(false)
  expect(claimAll('barn')).toEqual(['a', 'b'])
})

test('a damaged page of the intents themselves costs those on it, and no others', () => {
  const ids = Array.from({ length: 1000 }, (_, i) => `id-${i}`)
  commit(ids.map(id => publish(id, 'barn')))
  damage(`name = 'intents' AND pagetype = 'leaf' AND path LIKE '%/008/'`)
  const claimed = claimAll('barn')
  const { intents, parts } = writer.damage.state
  expect(parts).toEqual([])
  expect(claimed).toHaveLength(1000 - intents)
  // Those on the pages beside it, which have no room to grow, are passed by as well.
  expect(claimed.length).toBeGreaterThan(600)
})

test('one that cannot be moved is passed by', () => {
  const ids = Array.from({ length: 300 }, (_, i) => `id-${i}`)
  commit(ids.map(id => publish(id, 'barn')))
  damage(`name = 'intents_ready' AND pagetype = 'leaf' AND path LIKE '%/001/'`)
  expect(claimAll('barn').length).toBeGreaterThan(0)
  for (const part of writer.damage.state.parts) expect(part).toContain('intents')
  expect(claimAll('house')).toEqual([])
})

test('a lease on a damaged page does not keep others from running out', () => {
  const ids = Array.from({ length: 300 }, (_, i) => `id-${i}`)
  commit(ids.map(id => publish(id, 'barn')))
  expect(claimAll('barn')).toHaveLength(300)
  damage(`name = 'intents' AND pagetype = 'leaf' AND path LIKE '%/001/'`)
  for (let i = 0; i < 7; i += 1) {
    const { outcomes } = writer.commit([{ ops: [sweep(false)], now: 100_000 }])
    expect(told(outcomes[0]!)).toEqual(['done'])
  }
  const { intents } = writer.damage.state
  expect(writer.depths([], 50)).toMatchObject([{ open: 300 - intents, claimed: intents }])
  expect(writer.nextDue).toBeGreaterThan(100_000)
})

test('one damaged item of a batch is refused alone', () => {
  const ids = Array.from({ length: 300 }, (_, i) => `id-${i}`)
  commit(ids.map(id => publish(id, 'barn')))
  expect(claimAll('barn')).toHaveLength(300)
  damage(`name = 'intents' AND pagetype = 'leaf' AND path LIKE '%/001/'`)
  const ops = ids.map(
    (id): FulfilOp => ({
      kind: 'fulfil',
      id,
      keyId: 0,
      token: 't'.repeat(32),
      result: null,
      resultType: 'json',
      nonce: null,
    }),
  )
  const [outcome] = commit([{ kind: 'settleAll', ops, nonce: null }]).outcomes[0]!
  const items = told((outcome as { value: Outcome[] }).value)
  const { intents } = writer.damage.state
  expect(items.filter(item => item === 'damaged')).toHaveLength(intents)
  expect(items.filter(item => item === 'done')).toHaveLength(300 - intents)
})

const openIn = (name: string) => writer.depths([], 50).find(({ namespace }) => namespace === name)?.open ?? 0

describe.each([
  ['a page of intents', `name = 'intents' AND pagetype = 'leaf' AND path LIKE '%/003/'`],
  ['a page of payloads', `name = 'payloads' AND pagetype = 'leaf' AND path LIKE '%/001/'`],
  ['a page of a long payload', PAYLOADS],
])('with %s damaged', (_page, pages) => {
  beforeEach(() => {
    // Some fifty to a page, of intents and of payloads.
    const text = JSON.stringify('p'.repeat(80))
    const place = (i: number) => (i % 3 === 0 ? 'house' : 'barn')
    const intents = Array.from({ length: 2000 }, (_, i) => publish(`id-${i + 10_000}`, place(i), text))
    commit(intents.with(300, publish('id-10300', 'barn', LONG)))
    damage(pages)
  })

  test('a purge of a namespace deletes all of it but what is set aside, and nothing else', () => {
    const before = openIn('barn')
    const deleted = purge('barn')
    const left = openIn('barn')
    const { intents, parts } = writer.damage.state
    expect([deleted + left, parts]).toEqual([before, []])
    expect(deleted).toBeGreaterThan(300)
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(intents)
    expect(claimAll('barn')).toEqual([])
    expect(openIn('house')).toBe(2000 - before)
    expect(claimAll('house').length).toBeGreaterThan(100)
  })

  test('a purge of everything deletes all but what is set aside, and the values', () => {
    commit([{ kind: 'set', keyId: 0, key: 'lamp', value: 'on', expiresAt: 9e15, nonce: null }])
    const deleted = purge(null)
    const left = openIn('barn') + openIn('house')
    const { intents, parts } = writer.damage.state
    expect([deleted + left, parts]).toEqual([2000, []])
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(intents)
    expect(writer.db.prepare('SELECT count(*) FROM key_values').pluck().get()).toBe(0)
    expect([...writer.held().values()].map(({ valueBytes }) => valueBytes)).toEqual([0])
    // What is left of it can be opened again, and worked with.
    writer.db.close()
    open()
    expect(openIn('barn') + openIn('house')).toBe(left)
    commit([publish('new', 'barn')])
    expect(claimAll('barn')).toContain('new')
  })
})

test('a purge of everything that cannot empty one table has deleted the intents, and names that table', () => {
  commit([
    ...Array.from({ length: 120 }, (_, i) => publish(`id-${i}`, 'barn')),
    { kind: 'set', keyId: 0, key: 'lamp', value: 'on', expiresAt: 9e15, nonce: null },
  ])
  damage(`name = 'key_values'`)
  expect(() => purge(null)).toThrow('damaged')
  expect(openIn('barn')).toBe(0)
  expect(writer.damage.state).toEqual({ intents: 0, parts: ['table key_values, or an index of it'] })
})

test('where no intent is to blame the operation is refused, the table is named, and the next start refuses', () => {
  commit([{ kind: 'set', keyId: 0, key: 'lamp', value: 'on', expiresAt: 9e15, nonce: null }])
  damage(`name = 'key_values'`)
  const set = (key: string): Op => ({
    kind: 'set',
    keyId: 0,
    key,
    value: 'off',
    expiresAt: 9e15,
    nonce: null,
  })
  const { outcomes, transaction } = commit([
    publish('a', 'barn'),
    set('lamp'),
    set('door'),
    publish('a', 'barn'),
  ])
  expect(told(outcomes[0]!)).toEqual(['done', 'damaged', 'damaged', 'internal'])
  expect(transaction.damage).toHaveLength(2)
  expect(writer.damage.state).toEqual({ intents: 0, parts: ['table key_values, or an index of it'] })
  expect(commit([publish('b', 'house')]).transaction.damage).toEqual([])

  writer.db.close()
  expect(() => open()).toThrow(/bus\.db is damaged: table key_values \(page \d+\)\. It was left as it is/)
})

test.each(['lanes', 'sqlite_autoindex_lanes_1', 'intents_ready', 'intents_agenda', 'intents', 'value_bytes'])(
  'damage in %s that is met while it runs does not stop the rest',
  name => {
    const set = (key: string): Op => ({
      kind: 'set',
      keyId: 0,
      key,
      value: 'on',
      expiresAt: 9e15,
      nonce: null,
    })
    const key: Op = {
      kind: 'createKey',
      id: 1,
      hash: Buffer.from('h'),
      sealed: Buffer.from('s'),
      prefix: 'tk_',
      owner: 'me',
      note: '',
      expiresAt: null,
      rateLimit: null,
      openLimit: null,
    }
    commit([publish('a', 'barn'), publish('b', 'house'), set('lamp')])
    damageLive(name)
    for (let round = 0; round < 3; round += 1) {
      const ops = [
        publish(`c${round}`, 'barn'),
        publish(`d${round}`, `shed-${round}`),
        set(`door-${round}`),
        claim('barn'),
        claim('house'),
        sweep(true),
        { ...key, id: round + 1, hash: Buffer.from(`h${round}`) },
      ]
      const { outcomes } = writer.commit([{ ops, now: 100_000 * (round + 1) }])
      expect(told(outcomes[0]!).slice(-2)).toEqual(['done', 'done'])
      for (const outcome of told(outcomes[0]!)) expect(['done', 'damaged']).toContain(outcome)
    }
    expect(writer.damage.state.parts.length).toBeGreaterThan(0)
    writer.depths([], 50)
    writer.held()
    writer.stats()
    writer.db.close()
    expect(() => open()).toThrow('is damaged: ')
  },
)

test('the time that cannot be noted costs no commit', () => {
  commit([publish('a', 'barn')])
  damage(`name = 'meta'`)
  const { outcomes } = writer.commit([{ ops: [publish('b', 'barn')], now: 100_000 }])
  expect(told(outcomes[0]!)).toEqual(['done'])
  expect(writer.damage.state.parts).toEqual(['table meta'])
})

test('a database that is whole again clears the marker', () => {
  commit([publish('a', 'barn')])
  damage(`name = 'meta'`)
  writer.commit([{ ops: [publish('b', 'barn')], now: 100_000 }])
  writer.db.close()
  const damaged = readFileSync(path)
  writeFileSync(path, undamaged)
  open()
  expect(existsSync(`${path}.damaged`)).toBe(false)
  expect(damaged.equals(undamaged)).toBe(false)
})
