/** What the writer does when its disk is full, down to the byte. Whole buses on full disks: `hostile/*.heavy.ts`. */
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Op } from '../../store/operations.ts'
import { lackingForLog, startLogOver } from '../../store/sqlite/checkpoints.ts'
import { openWriting } from '../../store/sqlite/connection.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import { Writer } from '../../store/sqlite/writer.ts'
import { SmallDisk, whyNoSmallDisk } from '../hostile/small-disk.ts'
import { publishOp, routeIn } from '../support/publish-op.ts'

const MIB = 1024 * 1024
const PUT_BY = 4 * MIB
const route = routeIn('default', 'notify')
const BY_ADMIN = { publisher: null, nonce: null }
const purge: Op = { kind: 'purge', namespace: null, from: null, limit: 500 }
const cancel = (id: string): Op => ({ kind: 'cancel', id, ...BY_ADMIN })

const noSmallDisk = whyNoSmallDisk()

describe.skipIf(noSmallDisk !== null)(`on a disk of 40 MiB (${noSmallDisk ?? 'tmpfs'})`, () => {
  let disk: SmallDisk
  let database: string
  let writer: Writer
  let said: string[]
  let published = 0

  beforeEach(() => {
    disk = new SmallDisk(40)
    database = join(disk.path, 'bus.db')
    said = []
    published = 0
    writeFileSync(`${database}.spare`, Buffer.alloc(PUT_BY, 1))
    open()
  })
  afterEach(() => {
    writer.db.close()
    disk.remove()
  })

  function open(): void {
    const log = { info: () => {}, error: (text: string) => said.push(text) }
    const db = openWriting(database, () => {})
    db.pragma('wal_autocheckpoint = 0')
    writer = new Writer(db, log, {
      reserveBytes: 2 * PUT_BY,
      keyBytes: null,
      payloadBytes: Number.POSITIVE_INFINITY,
    })
  }

  const commit = (...ops: Op[]) => writer.commit([{ ops, now: 1000 + published }]).outcomes[0]!
  function publish(count: number, bytes = 4000): void {
    const payload = JSON.stringify('x'.repeat(bytes))
    const ops = Array.from({ length: count }, () => publishOp(`i${published++}`, route, { payload }))
    expect(commit(...ops).filter(({ ok }) => !ok)).toEqual([])
  }
  const sizeOf = (ending: string) => statSync(database + ending, { throwIfNoEntry: false })?.size ?? 0

  test('a log that is longer than what was put by is not copied in part: one part of it is enough for a purge', () => {
    for (let i = 0; i < 4; i += 1) publish(500)
    expect(lackingForLog(writer.db)).toBeLessThan(0)
    // A copy could begin, and would take the last MiB.
    disk.fill(disk.freeBytes / MIB - 1)
    expect(lackingForLog(writer.db)).toBeGreaterThan(PUT_BY)
    const before = sizeOf('')

    expect(startLogOver(writer.db)).toBe(false)
    expect(sizeOf('')).toBe(before)
    disk.fill()
    expect(commit(purge)).toEqual([{ ok: true, value: { deleted: 2000, next: null } }])
    expect(sizeOf('.spare')).toBeGreaterThanOrEqual(PUT_BY / 4)
    // What the purge has freed is the disk's again.
    expect(sizeOf('-wal')).toBe(0)
    expect(disk.freeBytes).toBeGreaterThan(8 * MIB)
    disk.relieve()
    publish(1)
  })

  test('a log that what was put by can hold is copied before it is too late, and deleting continues', () => {
    publish(300)
    cancelAll()
    disk.fill()
    expect(lackingForLog(writer.db)).toBeGreaterThan(PUT_BY / 4)
    expect(lackingForLog(writer.db)).toBeLessThan(PUT_BY)

    // Each takes ten pages in the log: three times what was put by.
    for (let n = 0; n < 300; n += 1) drop(n)
    expect(lackingForLog(writer.db)).toBeLessThanOrEqual(0)
  })

  test('at the last chance the log is copied before a large deletion is appended to it', () => {
    publish(500)
    cancelAll()
    // What was put by can hold the log, with a few pages to spare: the deletion takes more.
    const pagesLeft = () => (PUT_BY - lackingForLog(writer.db) - disk.freeBytes) / 4096
    while (pagesLeft() > 50) publish(10)
    while (pagesLeft() > 8) publish(1)
    disk.fill()
    expect(lackingForLog(writer.db)).toBeGreaterThan(PUT_BY - PUT_BY / 8)
    expect(lackingForLog(writer.db)).toBeLessThanOrEqual(PUT_BY)

    const ids = Array.from({ length: 400 }, (_, n) => `i${n}`)
    expect(commit({ kind: 'dropDead', ids, by: ADMIN })).toEqual([{ ok: true, value: ids.map(() => true) }])
    expect(lackingForLog(writer.db)).toBeLessThanOrEqual(0)
  })

  test('a cancel, which frees nothing, does not cost what a purge needs', () => {
    publish(500)
    disk.fill()
    expect(() => {
      for (let n = 0; n < 500; n += 1) commit(cancel(`i${n}`))
    }).toThrow('SQLITE_FULL')
    expect(sizeOf('.spare')).toBe(PUT_BY)
    expect(commit(purge)).toMatchObject([{ ok: true }])
  })

  test('what the bus does by itself costs half of it at most', () => {
    publish(1500)
    disk.fill()
    const sweep: Op = { kind: 'sweep', limit: 10, seed: 0, keepFulfilledMs: 0, keepDeadMs: 0, prune: true }
    const note = { kind: 'record', action: 'backup_made', subject: 'x'.repeat(100_000), detail: {} } as const
    expect(() => {
      for (let n = 0; n < 500; n += 1) commit(sweep, { ...note, by: ADMIN })
    }).toThrow('SQLITE_FULL')
    expect(sizeOf('.spare')).toBe(PUT_BY / 2)
    expect(commit(purge)).toMatchObject([{ ok: true }])
  })

  test('a log that can be copied in the room there is starts over, and costs nothing', () => {
    publish(500)
    cancelAll()
    startLogOver(writer.db)
    // From here on there is nothing for which the database has no pages.
    for (let n = 0; n < 100; n += 1) commit(retry(n))
    disk.fill()
    for (let n = 100; n < 500; n += 1) commit(retry(n))
    expect(sizeOf('.spare')).toBe(PUT_BY)
    expect(said).toEqual([])
  })

  test('while room is low the log is kept short', () => {
    publish(1)
    disk.fill(30)
    writer.room.written = PUT_BY
    expect(writer.roomState().isLow).toBe(true)
    const note = { kind: 'record', action: 'backup_made', subject: 'x'.repeat(100_000), detail: {} } as const
    for (let n = 0; n < 40; n += 1) {
      // So much that it is time to look again.
      writer.room.written = PUT_BY
      commit({ ...note, by: ADMIN })
    }
    expect(sizeOf('-wal')).toBeLessThan(MIB)
  })

  test('what was given up is put by again when twice as much is free, not before', async () => {
    publish(500)
    cancelAll()
    disk.fill()
    for (let n = 0; n < 5; n += 1) drop(n)
    const left = sizeOf('.spare')
    expect(left).toBeLessThan(PUT_BY)

    const settled = performance.now() + 60_000
    disk.relieve()
    disk.fill((disk.freeBytes - PUT_BY) / MIB)
    writer.room.look(settled, 0)
    await writer.room.close()
    expect([sizeOf('.spare'), writer.room.isSpent]).toEqual([left, true])

    disk.relieve()
    writer.room.look(settled + 2000, 0)
    for (let tries = 0; sizeOf('.spare') < PUT_BY; tries += 1) {
      expect(tries).toBeLessThan(10_000)
      await new Promise(setImmediate)
    }
    expect(writer.room.isSpent).toBe(false)
  })

  test('a bus that starts on a full disk gets as much of it as SQLite needs to open', async () => {
    publish(1)
    writer.db.close()
    disk.fill()
    const room = { reserveBytes: 2 * PUT_BY, keyBytes: null, payloadBytes: Number.POSITIVE_INFINITY }
    const log = { info() {}, warn() {}, error: (text: string) => said.push(text) }
    const store = await openSqliteStore({ path: database, log, room })
    expect(await store.intent('i0')).not.toBeNull()
    expect(sizeOf('.spare')).toBe(PUT_BY - MIB)
    expect(said).toEqual([expect.stringContaining('gave up some of')])
    await store.close()
    open()
  })

  const cancelAll = () => commit(...Array.from({ length: published }, (_, n) => cancel(`i${n}`)))
  const drop = (n: number) =>
    expect(commit({ kind: 'dropDead', ids: [`i${n}`], by: ADMIN })).toEqual([{ ok: true, value: [true] }])
  const retry = (n: number): Op => ({
    kind: 'retry',
    id: `i${n}`,
    ttlMs: 1e6,
    openLimit: null,
    ...BY_ADMIN,
  })
  const ADMIN = { credential: 'admin_token', via: 'api', address: '::1', requestId: 'r' } as const
})
