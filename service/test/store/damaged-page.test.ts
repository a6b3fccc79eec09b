import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ClaimOp, Op } from '../../store/operations.ts'
import type { Claimed } from '../../store/outcomes.ts'
import { openWriting } from '../../store/sqlite/connection.ts'
import { Writer } from '../../store/sqlite/writer.ts'
import { StorageError } from '../../store/store.ts'
import { publishOp, routeIn } from '../support/publish-op.ts'

const PAGE = 4096

let folder: string
let path: string
let writer: Writer
let complaints: string[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bus-page-'))
  path = join(folder, 'bus.db')
  complaints = []
  open()
})
afterEach(() => {
  writer.db.close()
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
  const bytes = readFileSync(path)
  for (const page of pages) bytes.fill(0xa5, (page - 1) * PAGE, page * PAGE)
  writeFileSync(path, bytes)
  open()
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

test('an operation that meets a damaged page fails alone, and the others of its commit are on disk', () => {
  commit([publish('a', 'barn', JSON.stringify('x'.repeat(20_000))), publish('b', 'house')])
  damage(`name = 'payloads' AND pagetype = 'overflow'`)

  const { outcomes, transaction } = commit([publish('c', 'house'), claim('barn'), claim('house')])
  expect(outcomes[0]!.map(({ ok }) => ok)).toEqual([true, false, true])
  expect(outcomes[0]![1]).toEqual({ ok: false, refusal: 'damaged' })
  expect(transaction.damage).toEqual([expect.stringContaining('SQLITE_CORRUPT')])
  expect(complaints).toEqual([expect.stringContaining('keeps a claim from being carried out')])

  writer.db.close()
  open()
  const depth = new Map(writer.depths([], 50).map(({ namespace, ...counts }) => [namespace, counts]))
  expect(depth.get('barn')).toMatchObject({ open: 1, claimed: 0 })
  expect(depth.get('house')).toMatchObject({ open: 1, claimed: 1 })
  const [found] = commit([claim('house')]).outcomes[0]!
  expect(found!.ok && (found!.value as Claimed[]).map(({ id }) => id)).toEqual(['c'])
})

test('two that meet it are both left out, and one that fails for a reason of its own is refused beside them', () => {
  commit([publish('a', 'barn', JSON.stringify('x'.repeat(20_000)))])
  damage(`name = 'payloads' AND pagetype = 'overflow'`)
  const { outcomes } = commit([claim('barn'), publish('b', 'house'), publish('b', 'house'), claim('barn')])
  expect(outcomes[0]!.map(outcome => (outcome.ok ? 'done' : outcome.refusal))).toEqual([
    'damaged',
    'done',
    'internal',
    'damaged',
  ])
})

test('a commit without damage says nothing of the one before', () => {
  commit([publish('a', 'barn', JSON.stringify('x'.repeat(20_000)))])
  damage(`name = 'payloads' AND pagetype = 'overflow'`)
  commit([claim('barn')])
  expect(commit([publish('b', 'house')]).transaction.damage).toEqual([])
})

test('where every operation needs the damaged page, all of the commit fails', () => {
  commit([publish('a', 'barn')])
  damage(`name = 'meta'`)
  expect(() => writer.commit([{ ops: [publish('b', 'barn')], now: 100_000 }])).toThrow(StorageError)
  expect(writer.depths([], 50)).toMatchObject([{ namespace: 'barn', open: 1 }])
})
