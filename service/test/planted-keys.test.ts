/** Somebody can write to a backup that is not encrypted, or to the database, and does not have the sealing key. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { makeBackup } from '../backup/make.ts'
import { restore } from '../backup/restore.ts'
import { hashOf, secretOf } from '../http/auth/keys.ts'
import { openVault } from '../secrets/sealing-key.ts'
import Sqlite, { type Database } from '../store/sqlite/driver.ts'
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts'
import { BusProcess } from './support/bus-process.ts'
import { earlierSeal } from './support/earlier-seal.ts'

const NOW = 1_800_000_000_000
const quiet = { info() {}, warn() {}, error() {} }

/** A data directory whose bus issued `tk_1` and so on, as the keys 1 and so on. @returns where `data` is */
async function busThatIssued(keys: number): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'bus-planted-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  mkdirSync(join(dir, 'data'))
  const vault = openVault(join(dir, 'data/bus.key'), [], () => {})
  const store = await openSqliteStore({ path: join(dir, 'data/bus.db'), log: quiet })
  const terms = { owner: 'me', note: '', expiresAt: null, rateLimit: null, openLimit: null }
  for (let n = 1; n <= keys; n += 1) {
    const id = await store.nextKeyId()
    await store.commit([{ kind: 'createKey', id, ...secretOf(`tk_${n}`, id, vault), ...terms }], NOW)
  }
  await store.close()
  return dir
}

type Attack = (db: Database, sealingKey: Buffer) => void

function changeKeys(dir: string, attack: Attack): void {
  const db = new Sqlite(join(dir, 'data/bus.db'))
  attack(db, Buffer.from(readFileSync(join(dir, 'data/bus.key'), 'utf8').trim(), 'hex'))
  db.close()
}

/** In the row of the newest key. */
const set = (db: Database, column: 'hash' | 'identity' | 'sealed', value: Buffer | number) =>
  db.prepare(`UPDATE api_keys SET ${column} = ? WHERE id = (SELECT max(id) FROM api_keys)`).run(value)

const sealOf = (db: Database): Buffer =>
  db.prepare('SELECT sealed FROM api_keys ORDER BY id DESC').pluck().get() as Buffer

const relabelled = (seal: Buffer): Buffer => Buffer.concat([Buffer.from([1]), seal.subarray(1)])

const ATTACKS: [string, Attack][] = [
  ['whose hash is that of another key', db => set(db, 'hash', hashOf('tk_of_eve'))],
  ['whose identity is that of another key', db => set(db, 'identity', 77)],
  ['whose identity is that of the master key', db => set(db, 'identity', 0)],
  ['whose seal is labelled as one of version 1', db => set(db, 'sealed', relabelled(sealOf(db)))],
  [
    'whose seal is so, and whose identity is that of another key',
    db => {
      set(db, 'sealed', relabelled(sealOf(db)))
      set(db, 'identity', 77)
    },
  ],
  [
    'of an earlier bus, whose hash is that of another key',
    (db, sealingKey) => set(db, 'sealed', earlierSeal('tk_of_eve', sealingKey)),
  ],
]

/** More than these take two keys. */
const AMONG_OTHERS: [string, Attack][] = [
  [
    'whose seal is labelled as one of version 1, and cut to its layout',
    db => set(db, 'sealed', relabelled(sealOf(db).subarray(8))),
  ],
  [
    'that was added, sealed with a key of somebody else',
    db => set(db, 'sealed', earlierSeal('tk_2', Buffer.alloc(32, 13))),
  ],
]

const SWAP: Attack = db => {
  const seal = db.prepare('SELECT sealed FROM api_keys WHERE id = ?').pluck()
  const [first, second] = [seal.get(1), seal.get(2)]
  const put = db.prepare('UPDATE api_keys SET sealed = ? WHERE id = ?')
  put.run(second, 1)
  put.run(first, 2)
}

const said = (keys: string) =>
  `${keys} not what this bus sealed: somebody has changed the database, or it is damaged. What to do: docs/operations/lost-key.md.`

async function startRefused(dir: string): Promise<string> {
  const bus = new BusProcess(dir, { PORT: '0' })
  onTestFinished(() => bus.kill())
  expect(await bus.refused()).toEqual({ code: 1, signal: null })
  return bus.err
}

/** What the restore of an unencrypted backup says, where the sealing key is in place. */
async function restoreRefused(dir: string): Promise<string> {
  const made = { directory: join(dir, 'kept'), at: NOW, seal: null, keep: [], leaveBytes: 0 }
  const { name } = await makeBackup({ source: join(dir, 'data/bus.db'), ...made })
  mkdirSync(join(dir, 'new'))
  copyFileSync(join(dir, 'data/bus.key'), join(dir, 'new/bus.key'))
  const job = {
    file: join(dir, 'kept', name),
    database: join(dir, 'new/bus.db'),
    keyFile: join(dir, 'new/bus.key'),
    opener: null,
    force: false,
  }
  const fault = await restore(job).then(
    () => 'it was restored',
    (error: Error) => error.message,
  )
  expect(existsSync(job.database)).toBe(false)
  return fault
}

describe.each([...ATTACKS, ...AMONG_OTHERS])('a key %s', (_which, attack) => {
  test('keeps the bus from starting', async () => {
    const dir = await busThatIssued(2)
    changeKeys(dir, attack)
    expect(await startRefused(dir)).toBe(`intent-bus: ${said('API key 2 in the database is')}\n`)
  })

  test('is not restored', async () => {
    const dir = await busThatIssued(2)
    changeKeys(dir, attack)
    expect(await restoreRefused(dir)).toBe(said('API key 2 in the database is'))
  })
})

test.each(ATTACKS)('the only key of a bus, %s, is not restored', async (_which, attack) => {
  const dir = await busThatIssued(1)
  changeKeys(dir, attack)
  expect(await restoreRefused(dir)).toBe(said('API key 1 in the database is'))
})

describe('two keys whose seals were swapped', () => {
  test('keep the bus from starting', async () => {
    const dir = await busThatIssued(2)
    changeKeys(dir, SWAP)
    expect(await startRefused(dir)).toBe(`intent-bus: ${said('API keys 1, 2 in the database are')}\n`)
  })

  test('are not restored', async () => {
    const dir = await busThatIssued(2)
    changeKeys(dir, SWAP)
    expect(await restoreRefused(dir)).toBe(said('API keys 1, 2 in the database are'))
  })
})
