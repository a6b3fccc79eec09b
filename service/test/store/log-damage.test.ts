/**
 * Logs as SQLite writes them, cut as a power cut leaves them, or damaged as a disk does: what may be torn must start, and what
 * was acknowledged must not be lost unnoticed.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import Sqlite, { type Database } from '../../store/sqlite/driver.ts'
import { findDamage } from '../../store/sqlite/log/damage.ts'
import {
  FRAME_HEADER_BYTES,
  frames,
  HEADER_BYTES,
  inMemory,
  readHeader,
} from '../../store/sqlite/log/frames.ts'
import { salvageLog } from '../../store/sqlite/log/salvage.ts'
import { randomFrom } from '../crash/random.ts'

const root = mkdtempSync(join(tmpdir(), 'bus-log-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const random = randomFrom(Number(process.env['CRASH_SEED'] ?? 1))
const SECTOR = 512

function opened(path: string): Database {
  const db = new Sqlite(path)
  db.pragma('synchronous = FULL')
  db.pragma('wal_autocheckpoint = 0')
  // So few pages that a large transaction is in the log in part before it is committed, or rolled back.
  db.pragma('cache_size = 5')
  return db
}

function made(folder: string, pageSize: number): Database {
  mkdirSync(folder)
  const db = opened(join(folder, 'bus.db'))
  db.pragma(`page_size = ${pageSize}`)
  db.pragma('journal_mode = WAL')
  db.exec('CREATE TABLE jobs (n INTEGER PRIMARY KEY, text TEXT NOT NULL)')
  return db
}

/** One commit of a few rows, and now and then a rolled-back one before it. */
function transaction(db: Database, most: number): void {
  const insert = db.prepare('INSERT INTO jobs (text) VALUES (?)')
  const rows = (count: number) => {
    for (let i = 0; i < count; i += 1) insert.run('x'.repeat(random.between(0, 600)))
  }
  if (random.between(0, 5) === 0) {
    db.exec('BEGIN')
    rows(most * 4)
    db.exec('ROLLBACK')
  }
  db.exec('BEGIN')
  rows(random.between(1, most))
  db.exec('COMMIT')
}

const logOf = (db: Database) => readFileSync(`${db.name}-wal`)

/** The log after each of `count` commits. There are frames of an earlier round behind them. */
function grownLog(pageSize: number, count: number, most: number): Buffer[] {
  const db = made(mkdtempSync(join(root, 'grown-')).concat('/bus'), pageSize)
  for (let i = 0; i < count; i += 1) transaction(db, most)
  db.pragma('wal_checkpoint(PASSIVE)')
  const after = Array.from({ length: count }, () => {
    transaction(db, most)
    return logOf(db)
  })
  db.close()
  return after
}

/** What a power cut leaves of the commit that turned one log into the next: of each sector the new bytes or the old ones. */
function cut(before: Buffer, after: Buffer): Buffer {
  const torn = Buffer.alloc(after.length)
  before.copy(torn)
  // The header of a log that starts over is synced before its first frame is written.
  after.copy(torn, 0, 0, HEADER_BYTES)
  const kept = random.between(1, 9)
  // In order, or in any order.
  const upTo = random.between(0, 1) === 0 ? random.between(0, after.length) : after.length
  for (let at = 0; at < upTo; at += SECTOR) {
    if (random.between(1, 10) > kept) after.copy(torn, at, at, at + SECTOR)
  }
  return random.between(0, 3) === 0 ? torn.subarray(0, random.between(before.length, after.length)) : torn
}

const damageOf = (log: Buffer, pageSize: number) => findDamage(inMemory(log), pageSize)

describe.each([
  { pageSize: 512, cuts: 9000, commits: 24, most: 6 },
  { pageSize: 4096, cuts: 1000, commits: 12, most: 12 },
])('with pages of $pageSize bytes', ({ pageSize, cuts, commits, most }) => {
  const logs = grownLog(pageSize, commits, most)
  const frameBytes = FRAME_HEADER_BYTES + pageSize

  test(`${cuts} power cuts leave logs that are torn, not damaged`, () => {
    for (let i = 0; i < cuts; i += 1) {
      const last = random.between(1, logs.length - 1)
      const torn = cut(logs[last - 1]!, logs[last]!)
      expect(damageOf(torn, pageSize), `cut ${i}`).toBeNull()
    }
  })

  test('a bit flipped in any transaction that another one followed is damage', () => {
    const ends = logs.map((_log, i) => (i === 0 ? HEADER_BYTES : endOf(logs[i - 1]!, logs[i]!)))
    // Only one transaction follows: the least that there can be to tell it by.
    for (let last = 2; last < logs.length; last += 1) {
      const log = Buffer.from(logs[last - 1]!)
      expect(damageOf(log, pageSize)).toBeNull()
      for (let frame = ends[last - 2]!; frame < ends[last - 1]!; frame += frameBytes) {
        const everyBit = frame === ends[last - 1]! - frameBytes
        for (let bit = 0; bit < FRAME_HEADER_BYTES * 8; bit += everyBit ? 1 : 13) {
          expectFound(log, frame + (bit >> 3), bit & 7)
        }
        for (let i = 0; i < 10; i += 1) {
          expectFound(log, frame + random.between(FRAME_HEADER_BYTES, frameBytes - 1), random.between(0, 7))
        }
      }
    }
  })

  test('a bit flipped in the header of the log is damage', () => {
    const log = Buffer.from(logs[0]!)
    for (let bit = 0; bit < HEADER_BYTES * 8; bit += 1) expectFound(log, bit >> 3, bit & 7)
  })

  function expectFound(log: Buffer, at: number, bit: number): void {
    log[at]! ^= 1 << bit
    expect(damageOf(log, pageSize), `byte ${at}, bit ${bit}`).not.toBeNull()
    log[at]! ^= 1 << bit
  }

  /** Where the next transaction begins. */
  function endOf(log: Buffer, next: Buffer): number {
    const sameAt = (at: number) =>
      log.subarray(at, at + frameBytes).equals(next.subarray(at, at + frameBytes))
    let at = HEADER_BYTES
    while (at < log.length && sameAt(at)) at += frameBytes
    return at
  }
})

test('after power cut upon power cut SQLite reads every commit that was answered', () => {
  let db = made(join(root, 'cut-0'), 512)
  let answered: string[] = []
  const jobs = (of: Database) => of.prepare('SELECT text FROM jobs ORDER BY n').pluck().all() as string[]
  for (let round = 1; round <= 60; round += 1) {
    if (random.chance(0.2)) db.pragma('wal_checkpoint(PASSIVE)')
    for (let i = random.between(0, 3); i > 0; i -= 1) transaction(db, 10)
    answered = jobs(db)
    const before = logOf(db)
    transaction(db, random.pick([2, 10, 30]))
    const unanswered = jobs(db)
    const torn = cut(before, logOf(db))
    const path = join(root, `cut-${round}`, 'bus.db')
    mkdirSync(join(root, `cut-${round}`))
    copyFileSync(db.name, path)
    db.close()

    writeFileSync(`${path}-wal`, torn)
    expect(damageOf(torn, 512), `round ${round}`).toBeNull()
    db = opened(path)
    const there = jobs(db)
    expect([answered, unanswered]).toContainEqual(there)
  }
  db.close()
})

test('where a page is said not to be lost, one wrong bit is put right again', () => {
  const folder = mkdtempSync(join(root, 'salvage-'))
  const db = made(join(folder, 'whole'), 512)
  for (let i = 0; i < 12; i += 1) transaction(db, 6)
  const log = logOf(db)
  const rows = db.prepare('SELECT text FROM jobs ORDER BY n').all()
  const path = join(folder, 'bus.db')
  copyFileSync(db.name, path)
  db.close()

  const end = framesToLastCommit(log)
  let damaged = 0
  let whole = 0
  for (let round = 0; round < 60; round += 1) {
    const bytes = Buffer.from(log)
    // Half of them where the headers are.
    const frame = random.between(0, end - 2)
    const at = random.chance(0.5) ? random.between(0, 23) : random.between(24, 535)
    bytes[round === 0 ? 17 : HEADER_BYTES + frame * 536 + at]! ^= 1 << random.between(0, 7)
    writeFileSync(`${path}-wal`, bytes)
    if (damageOf(bytes, 512) === null) continue
    damaged += 1
    const target = join(folder, `salvaged-${round}.db`)
    const { lost } = salvageLog(path, target)
    if (lost === 0) {
      whole += 1
      const copy = new Sqlite(target, { readonly: true })
      expect(copy.prepare('SELECT text FROM jobs ORDER BY n').all()).toEqual(rows)
      copy.close()
    }
    expect(readFileSync(`${path}-wal`).equals(bytes)).toBe(true)
  }
  // Of the highest bits of a word the checksum does not tell which it was.
  expect(whole).toBeGreaterThan(damaged * 0.6)
})

function framesToLastCommit(bytes: Buffer): number {
  const log = inMemory(bytes)
  let end = 0
  for (const { index, sound, commits } of frames(log, readHeader(log)!)) {
    if (!sound) break
    if (commits) end = index + 1
  }
  return end
}

test('an empty log, a cut header, and zeros are no damage', () => {
  for (const bytes of [0, 1, 31, 32, 33, 5000]) expect(damageOf(Buffer.alloc(bytes), 4096)).toBeNull()
})
