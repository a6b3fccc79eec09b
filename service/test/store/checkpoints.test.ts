import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Checkpoints } from '../../store/sqlite/checkpoints.ts'
import { openWriting } from '../../store/sqlite/connection.ts'
import Sqlite from '../../store/sqlite/driver.ts'
import { PATIENCE_MS } from '../support/patience.ts'

type LogState = { log: number; checkpointed: number }

test('a log that somebody reads is left alone, and copied by the other thread when they are done', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bus-log-'))
  const path = join(folder, 'bus.db')
  const db = openWriting(path, () => {})
  const complaints: string[] = []
  const checkpoints = new Checkpoints(db, text => complaints.push(text))
  onTestFinished(async () => {
    await checkpoints.close()
    db.close()
    rmSync(folder, { recursive: true })
  })
  db.exec('CREATE TABLE filler (text TEXT)')
  const insert = db.prepare('INSERT INTO filler VALUES (?)')
  const page = 'x'.repeat(4000)
  const write = (commits: number, pages: number) => {
    for (let i = 0; i < commits; i++) {
      db.transaction(() => {
        for (let j = 0; j < pages; j++) insert.run(page)
      })()
      checkpoints.committed(0)
    }
  }
  const asked: string[] = []
  const { pragma } = db
  db.pragma = (source, options) => {
    asked.push(source)
    return pragma.call(db, source, options)
  }
  const log = () => (pragma.call(db, 'wal_checkpoint(NOOP)') as LogState[])[0]!

  write(1, 1)
  const reader = new Sqlite(path, { readonly: true })
  reader.exec('BEGIN')
  reader.prepare('SELECT count(*) FROM filler').get()
  // Far more than the writer would ever copy by itself.
  write(64, 400)
  const before = log().log
  expect(before).toBeGreaterThan(20_000)
  while (!asked.includes('wal_checkpoint(NOOP)')) await sleep(5)
  // Long enough for its thread to come up and to be asked a thousand times, if it were.
  await sleep(1000)
  expect(asked.length).toBeLessThan(20)
  expect(asked).not.toContain('wal_checkpoint(PASSIVE)')

  reader.exec('COMMIT')
  reader.close()
  const held = log()
  expect(held.checkpointed).toBeLessThan(held.log / 2)
  write(32, 1)
  while (log().checkpointed < before) await sleep(5)
  expect(complaints).toEqual([])
})

test('without a thread of its own the log is copied here, when what was committed is answered, and begins anew', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bus-log-'))
  const db = openWriting(join(folder, 'bus.db'), () => {})
  const complaints: string[] = []
  const checkpoints = new Checkpoints(db, text => complaints.push(text), 'here', 100)
  onTestFinished(async () => {
    await checkpoints.close()
    db.close()
    rmSync(folder, { recursive: true })
  })
  db.exec('CREATE TABLE filler (text TEXT)')
  const insert = db.prepare('INSERT INTO filler VALUES (?)')
  for (let i = 0; i < 1000; i++) {
    insert.run('x'.repeat(4000))
    checkpoints.committed(0)
    await turn()
  }
  // A hundred pages, and what 32 commits of two or three each add until it is looked at again.
  expect(statSync(`${db.name}-wal`).size).toBeLessThan(300 * 4096)
  expect(statSync(db.name).size).toBeGreaterThan(900 * 4096)
  expect(complaints).toEqual([])
})

test('a large commit is looked at at once, and a log that has grown twice too long is copied by the writer', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bus-log-'))
  const db = openWriting(join(folder, 'bus.db'), () => {})
  const checkpoints = new Checkpoints(db, text => expect.fail(text), 'beside', 1000)
  onTestFinished(async () => {
    await checkpoints.close()
    db.close()
    rmSync(folder, { recursive: true })
  })
  db.exec('CREATE TABLE filler (text TEXT)')
  const insert = db.prepare('INSERT INTO filler VALUES (?)')
  const write = db.transaction(() => {
    for (let i = 0; i < 1500; i++) insert.run('x'.repeat(4000))
  })
  // As far as this one reads, the log is copied; what comes after it is more than the writer would copy, round after round.
  const reader = new Sqlite(db.name, { readonly: true })
  onTestFinished(() => void reader.close())
  const readHere = () => {
    if (reader.inTransaction) reader.exec('COMMIT')
    reader.exec('BEGIN')
    reader.prepare('SELECT count(*) FROM filler').get()
  }
  let asked = 0
  let copied = false
  const { pragma } = db
  db.pragma = (source, options) => {
    if (source === 'wal_checkpoint(PASSIVE)') copied = true
    if (source === 'wal_checkpoint(NOOP)') {
      asked += 1
      readHere()
      write()
    }
    return pragma.call(db, source, options)
  }
  write()
  checkpoints.committed(1500 * 4096)
  // One commit of 32, and nothing else has made it look.
  expect(asked).toBe(1)
  await vi.waitUntil(() => copied, { timeout: PATIENCE_MS })
  expect(asked).toBe(3)
})
