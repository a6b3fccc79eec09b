/** A data directory of a bus whose seals bound no identity, under the bus of today. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { makeBackup } from '../backup/make.ts'
import { restore } from '../backup/restore.ts'
import { digestBytes } from '../http/digest.ts'
import { resealKeys } from '../secrets/reseal.ts'
import { Aes256Vault } from '../secrets/vault.ts'
import Sqlite from '../store/sqlite/driver.ts'
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts'
import { StorageError } from '../store/store.ts'
import { SmallDisk, whyNoSmallDisk } from './hostile/small-disk.ts'
import { ADMIN_TOKEN } from './support/bus.ts'
import { BusProcess } from './support/bus-process.ts'
import { Client } from './support/client.ts'
import { earlierSeal } from './support/earlier-seal.ts'
import { watched } from './support/watched-store.ts'

const NOW = 1_800_000_000_000
const LEFT = readFileSync(new URL('./store/schema-1.sql', import.meta.url), 'utf8')
/** Issued by that bus, as its key 1. */
const KEY = 'tk__GZeqlSnogN4FLjyHj8JEh4sbHqzRFyOPeGdvInEzPI'
const SEALING_KEY = Buffer.alloc(32, 7)
const quiet = { info() {}, warn() {}, error() {} }

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bus-resealed-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
})

/** @returns the data directory that it left */
function left(within: string): string {
  const folder = join(within, 'data')
  mkdirSync(folder)
  new Sqlite(join(folder, 'bus.db')).exec(LEFT).close()
  writeFileSync(join(folder, 'bus.key'), SEALING_KEY.toString('hex'), { mode: 0o600 })
  return folder
}

/** The versions of the seals of its keys. */
function versions(folder: string): number[] {
  const db = new Sqlite(join(folder, 'bus.db'), { readonly: true })
  const seals = db.prepare('SELECT sealed FROM api_keys ORDER BY id').pluck().all() as Buffer[]
  db.close()
  return seals.map(seal => seal[0]!)
}

async function started(within: string): Promise<{ bus: BusProcess; pi: Client; admin: Client }> {
  const bus = new BusProcess(within, {
    PORT: '0',
    BUS_ADMIN_SECRET: ADMIN_TOKEN,
    BUS_REQUIRE_SIGNATURES: 'true',
    BUS_MIN_FREE_DISK_BYTES: '0',
  })
  onTestFinished(() => bus.kill())
  const url = `http://127.0.0.1:${await bus.ready()}`
  return {
    bus,
    pi: new Client(url, { 'x-api-key': KEY }),
    admin: new Client(url, { 'x-admin-token': ADMIN_TOKEN }),
  }
}

/** By its signature, which the bus can check only with the key that it opened. */
async function isLetIn(client: Client): Promise<boolean> {
  const signing = { timestamp: Math.floor(Date.now() / 1000) }
  return (await client.signed('GET', '/get/absent', '', signing)).status !== 401
}

test('its keys work, and are sealed again at the first start', async () => {
  const folder = left(dir)
  expect(versions(folder)).toEqual([1])
  const { bus, pi, admin } = await started(dir)
  expect(bus.out).toContain('1 API key of an earlier version sealed again')
  expect(await isLetIn(pi)).toBe(true)
  expect(await isLetIn(pi.with({ 'x-api-key': `${KEY}x` }))).toBe(false)
  await admin.post('/admin/generate_key', { owner: 'me' })
  await admin.post('/admin/rotate_key', { key_id: 1 })
  await bus.kill()
  expect(versions(folder)).toEqual([2, 2, 2])

  const again = await started(dir)
  expect(again.bus.out).not.toContain('sealed again')
  expect(await isLetIn(again.pi)).toBe(true)
})

test('its backup can be restored, and started', async () => {
  const folder = left(dir)
  const made = { directory: join(dir, 'kept'), at: NOW, seal: null, keep: [], leaveBytes: 0 }
  const { name } = await makeBackup({ source: join(folder, 'bus.db'), ...made })
  const target = join(dir, 'new/data')
  mkdirSync(target, { recursive: true })
  copyFileSync(join(folder, 'bus.key'), join(target, 'bus.key'))
  const { sealingKey } = await restore({
    file: join(dir, 'kept', name),
    database: join(target, 'bus.db'),
    keyFile: join(target, 'bus.key'),
    opener: null,
    force: false,
  })
  expect(sealingKey).toBe('right')
  const { pi } = await started(join(dir, 'new'))
  expect(await isLetIn(pi)).toBe(true)
  expect(versions(target)).toEqual([2])
})

describe('all of its keys are sealed again, or none', () => {
  const vault = new Aes256Vault(SEALING_KEY)
  const lines: string[] = []
  const log = { info: (line: string) => lines.push(line), warn: (line: string) => lines.push(line) }

  async function storeOf(folder: string) {
    const store = watched(await openSqliteStore({ path: join(folder, 'bus.db'), log: quiet }))
    onTestFinished(() => store.close())
    return store
  }

  test('killed before or after that, the bus starts', async () => {
    const folder = left(dir)
    const db = new Sqlite(join(folder, 'bus.db'))
    const add = db.prepare('INSERT INTO api_keys VALUES (NULL, ?, ?, ?, ?, 1)')
    for (const key of ['tk_2', 'tk_3']) {
      add.run(digestBytes(key), earlierSeal(key, SEALING_KEY), key, 'me')
    }
    db.close()
    const store = await storeOf(folder)
    const copy = (name: string) => {
      const within = join(dir, name)
      mkdirSync(join(within, 'data'), { recursive: true })
      for (const file of ['bus.db', 'bus.db-wal', 'bus.key']) {
        if (existsSync(join(folder, file))) copyFileSync(join(folder, file), join(within, 'data', file))
      }
      return within
    }
    const before = copy('before')
    await resealKeys(store, vault, await store.keys(), NOW, log)
    const after = copy('after')
    expect([before, after].map(within => versions(join(within, 'data')))).toEqual([
      [1, 1, 1],
      [2, 2, 2],
    ])
    for (const within of [before, after]) expect(await isLetIn((await started(within)).pi)).toBe(true)
  })

  test('the transaction is one operation, and one that fails is tried at the next start', async () => {
    const folder = left(dir)
    const store = await storeOf(folder)
    const keys = await store.keys()
    store.refuse = new StorageError('full', 'The disk is full.')
    await resealKeys(store, vault, keys, NOW, log)
    expect(lines.at(-1)).toBe(
      '1 API key of an earlier version could not be sealed again, and the next start tries again: The disk is full.',
    )
    expect(versions(folder)).toEqual([1])
    store.refuse = null
    await resealKeys(store, vault, keys, NOW, log)
    expect(versions(folder)).toEqual([2])
    const [key] = await store.keys()
    expect(vault.open(key!)).toBe(KEY)
  })
})

test.skipIf(whyNoSmallDisk() !== null)(
  'on a full disk the bus starts, its keys work, and the next start tries again',
  async () => {
    const disk = new SmallDisk(8)
    onTestFinished(() => disk.remove())
    const folder = left(disk.path)
    const first = await started(disk.path)
    await first.bus.kill()
    const db = new Sqlite(join(folder, 'bus.db'))
    db.prepare('UPDATE api_keys SET sealed = ?').run(earlierSeal(KEY, SEALING_KEY))
    // Open as it is, it leaves the files beside the database in their place, as a kill does.
    onTestFinished(() => void db.close())
    disk.fill()
    const full = await started(disk.path)
    expect(full.bus.out).toContain('1 API key of an earlier version could not be sealed again')
    expect(await isLetIn(full.pi)).toBe(true)
    await full.bus.kill()
    expect(versions(folder)).toEqual([1])
    disk.relieve()
    const { bus, pi } = await started(disk.path)
    expect(bus.out).toContain('1 API key of an earlier version sealed again')
    expect(versions(folder)).toEqual([2])
    expect(await isLetIn(pi)).toBe(true)
  },
)
