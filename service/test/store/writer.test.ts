import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Ask } from '../../intent/routing.ts'
import type { ClaimOp, Op, PublishOp, PurgeCursor } from '../../store/operations.ts'
import type { Claimed } from '../../store/outcomes.ts'
import { openWriting } from '../../store/sqlite/connection.ts'
import Sqlite from '../../store/sqlite/driver.ts'
import { Writer } from '../../store/sqlite/writer.ts'
import { StorageError } from '../../store/store.ts'
import { publishOp, routeIn } from '../support/publish-op.ts'

let folder: string
let writer: Writer
let complaints: string[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bus-writer-'))
  complaints = []
  writer = open()
})
afterEach(() => {
  writer.db.close()
  rmSync(folder, { recursive: true })
})

const open = () =>
  new Writer(
    openWriting(join(folder, 'bus.db'), () => {}),
    { info() {}, error: text => complaints.push(text) },
  )

const route = routeIn('default', 'notify')
const publish = (id: string, changes: Partial<PublishOp> = {}): PublishOp => publishOp(id, route, changes)
const claim = (goal: string | null = null): ClaimOp => {
  const ask: Ask = { keyId: 0, namespace: 'default', goal, publisher: null, workerId: '', capabilities: [] }
  return { kind: 'claim', ask, tokens: ['t'.repeat(32)], leaseMs: 60_000, nonce: null }
}
const commit = (ops: Op[], now: number) => ({ outcomes: writer.commit([{ ops, now }]).outcomes[0]! })
const prune: Op = { kind: 'sweep', limit: 100, seed: 0, keepFulfilledMs: 0, keepDeadMs: 0, prune: true }

const BY_ADMIN = { publisher: null, nonce: null }
const cancel = (id: string) => ({ kind: 'cancel', id, ...BY_ADMIN }) as const

test('an operation that cannot be carried out is refused alone: its neighbours in the commit stand', () => {
  const { outcomes } = commit([publish('a'), publish('a'), publish('b')], 1000)

  expect(outcomes.map(outcome => outcome.ok)).toEqual([true, false, true])
  expect(outcomes[1]).toEqual({ ok: false, refusal: 'internal' })
  expect(complaints).toHaveLength(1)
  expect(writer.depths([], 50)).toEqual([
    { namespace: 'default', open: 2, claimed: 0, fulfilled: 0, dead: 0 },
  ])
  expect(
    commit([claim(), claim(), claim()], 1001).outcomes.map(o => o.ok && (o.value as Claimed[]).length > 0),
  ).toEqual([true, true, false])
})

test('what a refused operation had begun is undone: not even the lane it was for is left', () => {
  const elsewhere = { ...route, goal: 'build' }
  commit([publish('a'), publish('a', { route: elsewhere }), publish('b'), claim()], 1000)

  expect(writer.lanes.depths.lanes).toBe(1)
  expect(writer.db.prepare('SELECT count(*) FROM lanes').pluck().get()).toBe(1)
  expect(writer.depths([], 50)).toEqual([
    { namespace: 'default', open: 1, claimed: 1, fulfilled: 0, dead: 0 },
  ])
  expect(commit([claim(), claim()], 1001).outcomes).toMatchObject([{ value: [{ id: 'b' }] }, { value: [] }])
})

test('says about how much a commit added to the log, by which it is copied in time', () => {
  commit([publish('small')], 1000)
  expect(writer.logged).toBeLessThan(16_384)
  const payload = JSON.stringify('x'.repeat(7000))
  const ops = Array.from({ length: 20 }, (_, i) => publish(`large-${i}`, { payload }))
  commit([{ kind: 'publishAll', ops, nonce: null }], 1000)
  expect(writer.logged).toBeGreaterThan(20 * 7000)
  // Rows without a payload are a page each.
  const ids = Array.from({ length: 100 }, (_, i) => `absent-${i}`)
  commit([{ kind: 'dropDead', ids }], 1000)
  expect(writer.logged).toBe(100 * 4096)
  commit([publish('another')], 1000)
  expect(writer.logged).toBeLessThan(16_384)
})

test('tallies, heads and the agenda are the same after a restart', () => {
  commit([publish('a'), publish('b', { delayMs: 5000 }), publish('c', { priority: 900 }), claim()], 1000)
  const before = { depth: writer.depths([], 50), nextDue: writer.nextDue }

  writer.db.close()
  writer = open()

  expect({ depth: writer.depths([], 50), nextDue: writer.nextDue }).toEqual(before)
  const [outcome] = commit([claim()], 1001).outcomes
  expect(outcome).toMatchObject({ ok: true, value: [{ id: 'a' }] })
})

test('a lane goes when nothing is left in it, and its neighbours go on being found', () => {
  const other = { ...route, goal: 'build' }
  commit([publish('a'), publish('b', { route: other })], 1000)
  commit([cancel('b')], 1001)
  expect(writer.lanes.depths.lanes).toBe(2)

  // The tallies of the first prune are on disk only after its commit: the second one collects.
  commit([prune], 1002)
  commit([prune], 1003)
  expect(writer.lanes.depths.lanes).toBe(1)

  commit([publish('c', { route: other, priority: 900 })], 1004)
  expect(commit([claim()], 1005).outcomes[0]).toMatchObject({ ok: true, value: [{ id: 'c' }] })
  expect(commit([claim()], 1006).outcomes[0]).toMatchObject({ ok: true, value: [{ id: 'a' }] })
})

test('a group that loses one of its lanes while empty still finds the other', () => {
  const other = { ...route, goal: 'build' }
  commit([publish('a'), publish('b', { route: other })], 1000)
  commit([claim('notify'), cancel('b')], 1001)
  commit([prune], 1002)
  commit([prune], 1003)

  commit([publish('c')], 1004)
  expect(commit([claim()], 1005).outcomes[0]).toMatchObject({ ok: true, value: [{ id: 'c' }] })
})

test('a sweep does at most its limit of each kind, and says when more is left', () => {
  commit(
    ['a', 'b', 'c'].map(id => publish(id, { delayMs: 1000 })),
    1000,
  )
  const sweep = { ...prune, limit: 2 } as Op
  const first = commit([sweep], 5000).outcomes[0]
  const second = commit([sweep], 5000).outcomes[0]
  expect([first, second]).toMatchObject([
    { ok: true, value: { done: false } },
    { ok: true, value: { done: true } },
  ])
})

test('the latest bus time is kept, so that a restart does not go back behind it', () => {
  commit([publish('a')], 123_456)
  expect(writer.db.prepare("SELECT value FROM meta WHERE name = 'last_seen'").pluck().get()).toBe(123_456)
})

test('a purge of a namespace leaves alone what is published while it runs, its idempotency key included', () => {
  const keyed = (id: string) => publish(id, { idempotency: { key: id, fingerprint: 'f', expiresAt: 9e9 } })
  commit([keyed('a'), keyed('b')], 1000)
  let from: PurgeCursor | null = null
  do {
    const purge: Op = { kind: 'purge', namespace: 'default', from, limit: 1 }
    const outcome: unknown = commit([purge], 1001).outcomes[0]
    from = (outcome as { ok: true; value: { next: PurgeCursor | null } }).value.next
    if (from !== null && 'after' in from && from.after === 1) commit([keyed('c')], 1001)
  } while (from !== null)

  expect(commit([keyed('c')], 1002).outcomes[0]).toMatchObject({
    ok: true,
    value: { id: 'c', replayed: true },
  })
  expect(commit([keyed('a')], 1002).outcomes[0]).toMatchObject({ ok: true, value: { replayed: false } })
})

test('what another process writes to the file is noticed, before it is relied upon', () => {
  commit([publish('a'), publish('b')], 1000)
  const other = new Sqlite(join(folder, 'bus.db'))
  other.prepare("UPDATE intents SET state = 4 WHERE id = 'a'").run()
  other.close()

  expect(commit([claim()], 1001).outcomes[0]).toMatchObject({ ok: true, value: [{ id: 'b' }] })
  expect(complaints).toEqual([expect.stringContaining('was written to by another process')])
})

test('a disk that cannot be read just when the memory is to be made anew is asked again', () => {
  commit([publish('a'), publish('b')], 1000)
  const reload = vi.spyOn(writer.lanes, 'reload').mockImplementationOnce(() => {
    throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_READ' })
  })
  expect(() => commit([publish('a'), publish('c')], 1001)).toThrow(StorageError)
  reload.mockRestore()

  expect(commit([claim(), claim(), claim()], 1002).outcomes).toMatchObject([
    { value: [{ id: 'a' }] },
    { value: [{ id: 'b' }] },
    { value: [] },
  ])
})

test('lanes where all is done leave the memory, beyond so many, and are found again', () => {
  const many = Array.from({ length: 10_050 }, (_, i) => `goal-${i}`)
  for (const goal of many) {
    commit([publish(goal, { route: { ...route, goal } }), claim(goal), cancel(goal)], 1000)
  }
  expect(writer.lanes.depths.lanes).toBe(10_050)
  expect(writer.lanes.resident).toBe(10_000)
  expect(writer.depths([], 50)).toEqual([
    { namespace: 'default', open: 0, claimed: 0, fulfilled: 0, dead: 10_050 },
  ])
  commit([{ kind: 'retry', id: 'goal-0', ttlMs: 1e6, openLimit: null, ...BY_ADMIN }], 1001)
  expect(commit([claim('goal-0')], 1002).outcomes[0]).toMatchObject({ value: [{ id: 'goal-0' }] })
  commit([publish('again', { route: { ...route, goal: 'goal-1' } })], 1003)
  expect(commit([claim('goal-1')], 1004).outcomes[0]).toMatchObject({ value: [{ id: 'again' }] })
  expect(writer.lanes.depths.lanes).toBe(10_050)
})

test('a prune goes on until every empty lane is collected', () => {
  for (let i = 0; i < 250; i += 1) commit([publish(`${i}`, { route: { ...route, goal: `goal-${i}` } })], 1000)
  let from: PurgeCursor | null = null
  do {
    const purge: Op = { kind: 'purge', namespace: 'default', from, limit: 100 }
    from = (commit([purge], 1001).outcomes[0] as { ok: true; value: { next: PurgeCursor | null } }).value.next
  } while (from !== null)
  let steps = 0
  for (let done = false; !done; steps += 1) {
    done = (commit([prune], 1002).outcomes[0] as { ok: true; value: { done: boolean } }).value.done
  }
  expect(steps).toBe(3)
  expect(writer.lanes.depths.lanes).toBe(0)
})

test('a lane that is emptied and collected in one commit leaves nothing behind in memory', () => {
  const build = { ...route, goal: 'build' }
  const purge: Op = { kind: 'purge', namespace: 'default', from: null, limit: 100 }
  commit([publish('a', { route: build }), purge, prune], 1000)
  commit([prune], 1001)
  expect(writer.lanes.depths.lanes).toBe(0)
  expect(writer.lanes.resident).toBe(0)
  commit([publish('b', { route: build })], 1002)
  expect(writer.lanes.depths.lanes).toBe(1)
  expect(writer.lanes.resident).toBe(1)
})

test('what a publisher did leaves the audit trail: after a while, and beyond so many entries; what an admin did stays', () => {
  const by = (credential: 'api_key' | 'admin_token') =>
    ({ credential, via: 'api', address: '::1', requestId: 'r' }) as const
  const own = { ...route, publisher: 1 }
  commit(
    [publish('a', { route: own }), publish('b', { route: { ...route, publisher: 2 } }), publish('c')],
    1000,
  )
  const again = (id: string, publisher: number): Op[] => {
    const op = { id, publisher, nonce: null, by: by('api_key') } as const
    return [
      { ...op, kind: 'cancel' },
      { ...op, kind: 'retry', ttlMs: 1e9, openLimit: null },
    ]
  }
  commit([{ ...cancel('c'), by: by('admin_token') }, ...again('b', 2)], 1001)
  for (let i = 0; i < 60; i += 1) commit(Array.from({ length: 10 }, () => again('a', 1)).flat(), 1002)
  const entries = () =>
    writer.db
      .prepare("SELECT detail ->> 'key_id' AS key, count(*) AS n FROM audit GROUP BY key ORDER BY key")
      .all()
  expect(entries()).toEqual([
    { key: null, n: 1 },
    { key: 1, n: 1000 },
    { key: 2, n: 2 },
  ])
  commit([{ ...prune, keepDeadMs: 5000 } as Op], 6001)
  expect(entries()).toEqual([
    { key: null, n: 1 },
    { key: 1, n: 1000 },
  ])
  let steps = 0
  for (let done = false; !done; steps += 1) {
    done = (commit([prune], 7000).outcomes[0] as { ok: true; value: { done: boolean } }).value.done
  }
  expect([entries(), steps]).toEqual([[{ key: null, n: 1 }], 11])
  expect(() => writer.db.exec('DELETE FROM audit')).toThrow('append-only')
})
