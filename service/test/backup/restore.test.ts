import { createHash } from 'node:crypto'
import {
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import Sqlite from 'better-sqlite3'
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { type Made, makeBackup } from '../../backup/make.ts'
import { type RestoreJob, restore } from '../../backup/restore.ts'
import { openVault } from '../../secrets/sealing-key.ts'
import { examine, type KeptFile } from '../../store/sqlite/copy.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import { SmallDisk, whyNoSmallDisk } from '../hostile/small-disk.ts'
import { publishOp } from '../support/publish-op.ts'

const disk = vi.hoisted(() => ({ beforeRename: (_from: string) => {} }))
vi.mock('node:fs/promises', async original => {
  const real = await original<typeof import('node:fs/promises')>()
  const rename = async (from: string, to: string) => {
    disk.beforeRename(from)
    await real.rename(from, to)
  }
  return { ...real, rename }
})

const NOW = 1_800_000_000_000
const ROUTE = {
  namespace: 'default',
  publisher: 0,
  visibility: 'private',
  goal: 'work',
  targetWorker: null,
  requiredCapability: null,
} as const
const quiet = { info() {}, warn() {}, error() {} }

function emptyDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'bus-restore-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** A bus with so many open intents. @param folder made when missing @returns its database */
async function bus(folder: string, intents: number): Promise<string> {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'bus.db')
  const store = await openSqliteStore({ path, log: quiet })
  const ops = Array.from({ length: intents }, (_, i) => publishOp(`${i}`.padStart(32, '0'), ROUTE))
  await store.commit(ops, NOW)
  await store.close()
  return path
}

type Making = { seal?: Parameters<typeof makeBackup>[0]['seal']; keep?: KeptFile[] }

async function backupOf(database: string, directory: string, { seal = null, keep = [] }: Making = {}) {
  const made: Made = await makeBackup({ source: database, directory, at: NOW, seal, keep, leaveBytes: 0 })
  return { ...made, file: join(directory, made.name) }
}

function job(file: string, folder: string, more: Partial<RestoreJob> = {}): RestoreJob {
  return {
    file,
    database: join(folder, 'bus.db'),
    keyFile: join(folder, 'bus.key'),
    opener: null,
    force: false,
    ...more,
  }
}

const intentsIn = (database: string) => examine(database).intents.open
const digestsIn = (folder: string) =>
  readdirSync(folder)
    .filter(name => statSync(join(folder, name)).isFile())
    .map(
      name =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}`,
    )

let identity: string
let recipient: string
beforeAll(async () => {
  identity = await generateX25519Identity()
  recipient = await identityToRecipient(identity)
})

test('a bus opens what was restored, and it is what was backed up', async () => {
  const dir = emptyDir()
  const { file } = await backupOf(await bus(join(dir, 'old'), 3), join(dir, 'kept'))
  const restored = await restore(job(file, join(dir, 'new')))
  expect(restored).toMatchObject({
    contents: { intents: { open: 3, claimed: 0, fulfilled: 0, dead: 0 }, newestIntentAt: NOW },
    moment: NOW,
    checksum: 'right',
    movedTo: null,
    files: [],
    sealingKey: null,
  })
  const store = await openSqliteStore({ path: restored.database, log: quiet })
  expect(await store.payload('2'.padStart(32, '0'))).not.toBeNull()
  await store.close()
  expect(statSync(restored.database).mode & 0o077).toBe(0)
})

test('a bus that runs is not overwritten, forced or not', async () => {
  const dir = emptyDir()
  const database = await bus(join(dir, 'old'), 1)
  const { file } = await backupOf(database, join(dir, 'kept'))
  const store = await openSqliteStore({ path: database, log: quiet })
  for (const force of [false, true]) {
    await expect(restore(job(file, join(dir, 'old'), { force }))).rejects.toThrow('is in use by another bus')
  }
  await store.close()
  expect(intentsIn(database)).toBe(1)
})

test('by a link, too, a bus that runs is not overwritten; one that does not is replaced where it lies', async () => {
  const dir = emptyDir()
  const backup = await backupOf(await bus(join(dir, 'old'), 2), join(dir, 'backups'))
  const real = await bus(join(dir, 'new'), 3)
  mkdirSync(join(dir, 'link'))
  symlinkSync(real, join(dir, 'link/bus.db'))
  const byLink = job(backup.file, join(dir, 'link'), { force: true })
  const running = await openSqliteStore({ path: real, log: quiet })
  await expect(restore(byLink)).rejects.toThrow(/is in use by another bus/)
  await running.close()

  const restored = await restore(byLink)
  expect([restored.database, intentsIn(real), intentsIn(restored.movedTo!)]).toEqual([
    realpathSync(real),
    2,
    3,
  ])
  expect(lstatSync(join(dir, 'link/bus.db')).isSymbolicLink()).toBe(true)
})

test('a bus that holds something is overwritten only when that is said, and moved aside whole', async () => {
  const dir = emptyDir()
  const { file } = await backupOf(await bus(join(dir, 'old'), 3), join(dir, 'kept'))
  // Killed: what it holds is in its log alone.
  const live = join(dir, 'live')
  const store = await openSqliteStore({ path: join(live, 'bus.db'), log: quiet })
  await store.commit([publishOp('7'.repeat(32), ROUTE)], NOW)
  const target = join(dir, 'new')
  mkdirSync(target)
  for (const name of ['bus.db', 'bus.db-wal']) copyFileSync(join(live, name), join(target, name))
  await store.close()

  await expect(restore(job(file, target))).rejects.toThrow('is not empty. With --force it is moved aside')
  expect(existsSync(join(target, 'bus.db-wal'))).toBe(true)
  const { movedTo } = await restore(job(file, target, { force: true }), NOW)
  expect(movedTo).toBe(join(target, 'bus.db.before-restore-20270115T080000Z'))
  expect(intentsIn(movedTo!)).toBe(1)
  expect(intentsIn(join(target, 'bus.db'))).toBe(3)
  expect(existsSync(join(target, 'bus.db-wal'))).toBe(false)
})

test('a bus that never held anything gives way', async () => {
  const dir = emptyDir()
  const { file } = await backupOf(await bus(join(dir, 'old'), 3), join(dir, 'kept'))
  await bus(join(dir, 'new'), 0)
  await restore(job(file, join(dir, 'new')))
  expect(intentsIn(join(dir, 'new/bus.db'))).toBe(3)
})

test('a file that cannot be read is no empty bus', async () => {
  const dir = emptyDir()
  const { file } = await backupOf(await bus(join(dir, 'old'), 3), join(dir, 'kept'))
  mkdirSync(join(dir, 'new'))
  writeFileSync(join(dir, 'new/bus.db'), 'SQLite format 3\0 and then nonsense'.repeat(500))
  await expect(restore(job(file, join(dir, 'new')))).rejects.toThrow('is not empty')
  const { movedTo } = await restore(job(file, join(dir, 'new'), { force: true }))
  expect(readFileSync(movedTo!, 'latin1')).toContain('and then nonsense')
  expect(intentsIn(join(dir, 'new/bus.db'))).toBe(3)
})

test('what is not a whole backup is refused, and nothing is changed', async () => {
  const dir = emptyDir()
  const { file, sha256 } = await backupOf(await bus(join(dir, 'old'), 500), join(dir, 'kept'))
  const target = join(dir, 'new')
  await bus(target, 2)
  const before = digestsIn(target).filter(line => !line.includes('.lock'))
  const packed = (database: string): Buffer => zstdCompressSync(readFileSync(database))
  const foreign = join(dir, 'foreign.db')
  new Sqlite(foreign).exec('CREATE TABLE cats (name TEXT)').close()
  const altered = (sql: string): Buffer => {
    const path = join(dir, 'altered.db')
    copyFileSync(join(dir, 'old/bus.db'), path)
    const db = new Sqlite(path)
    db.pragma('journal_mode = DELETE')
    db.exec(sql)
    db.close()
    return packed(path)
  }
  const whole = readFileSync(file)
  const changed = Buffer.from(whole)
  changed[changed.length >> 1]! ^= 1
  const cut = whole.subarray(0, whole.length - 100)

  const cases: [string, Buffer, RegExp][] = [
    ['cut off', cut, /cut off, damaged or no backup/],
    ['changed', changed, /cut off, damaged or no backup|checksum/],
    ['no backup', Buffer.from('hello'), /cut off, damaged or no backup/],
    ['nothing', Buffer.alloc(0), /cut off, damaged or no backup|not.*whole|empty database/],
    ['a text', zstdCompressSync(Buffer.from('hello'.repeat(5000))), /cannot be opened/],
    ["another program's", packed(foreign), /not an Intent Bus one/],
    ['one of a newer bus', altered('PRAGMA user_version = 999'), /newer bus \(schema 999/],
    [
      'one with a hole',
      altered('DELETE FROM intents WHERE n = 3'),
      /not whole: 499 intents are open, and 500/,
    ],
  ]
  for (const [what, bytes, reason] of cases) {
    const folder = join(dir, what.replaceAll(' ', '-'))
    mkdirSync(folder)
    const path = join(folder, 'bus-20270115T080000Z.db.zst')
    writeFileSync(path, bytes)
    await expect(restore(job(path, target, { force: true })), what).rejects.toThrow(reason)
  }
  // Whole, but not the one that the checksum was made of.
  const other = await backupOf(await bus(join(dir, 'other'), 1), join(dir, 'swapped'))
  writeFileSync(`${other.file}.sha256`, `${sha256}  ${other.name}\n`)
  await expect(restore(job(other.file, target, { force: true }))).rejects.toThrow(
    /is not what it was: its checksum/,
  )
  expect(digestsIn(target).filter(line => !line.includes('.lock'))).toEqual(before)
})

test.skipIf(whyNoSmallDisk() !== null)('a full disk is not taken for a damaged backup', async () => {
  const dir = emptyDir()
  const { file } = await backupOf(await bus(join(dir, 'old'), 1), join(dir, 'kept'))
  const disk = new SmallDisk(1)
  onTestFinished(() => disk.remove())
  disk.fill(disk.freeBytes / 2 ** 20 - 0.0625)
  await expect(restore(job(file, disk.path))).rejects.toThrow(/The disk is full/)
})

test('without its checksum a backup is restored, and that is said', async () => {
  const dir = emptyDir()
  const { file } = await backupOf(await bus(join(dir, 'old'), 1), join(dir, 'kept'))
  rmSync(`${file}.sha256`)
  expect((await restore(job(file, join(dir, 'new')))).checksum).toBe('missing')
})

test('a backup sealed for a recipient opens with the identity alone', async () => {
  const dir = emptyDir()
  const seal = { recipients: [recipient] }
  const { file, name } = await backupOf(await bus(join(dir, 'old'), 3), join(dir, 'kept'), { seal })
  expect(name).toBe('bus-20270115T080000Z.db.zst.age')
  const target = join(dir, 'new')
  await expect(restore(job(file, target))).rejects.toThrow(
    'is encrypted: it takes the file with its identity',
  )
  const stranger = { identities: [await generateX25519Identity()] }
  await expect(restore(job(file, target, { opener: stranger }))).rejects.toThrow(
    'no identity in that file does',
  )
  await restore(job(file, target, { opener: { identities: [identity] } }))
  expect(intentsIn(join(target, 'bus.db'))).toBe(3)
  truncateSync(file, statSync(file).size - 10)
  rmSync(`${file}.sha256`)
  await expect(
    restore(job(file, join(dir, 'newer'), { opener: { identities: [identity] } })),
  ).rejects.toThrow(/cut off, damaged/)
})

test('a backup sealed with a passphrase opens with it alone', async () => {
  const dir = emptyDir()
  const seal = { passphrase: 'correct horse battery staple' }
  const { file } = await backupOf(await bus(join(dir, 'old'), 3), join(dir, 'kept'), { seal })
  const target = join(dir, 'new')
  await expect(restore(job(file, target, { opener: { passphrase: 'wrong' } }))).rejects.toThrow(
    'this passphrase does not',
  )
  await restore(job(file, target, { opener: seal }))
  expect(intentsIn(join(target, 'bus.db'))).toBe(3)
})

test('secrets travel in sealed backups only, and none stays in the database', async () => {
  const dir = emptyDir()
  const database = await bus(join(dir, 'old'), 1)
  const keep = [
    { name: 'bus.key', text: `${'5eed'.repeat(16)}\n` },
    { name: 'secrets.env', text: 'BUS_SECRET=mk_of_the_old_machine\n' },
  ]
  await expect(backupOf(database, join(dir, 'kept'), { keep })).rejects.toThrow('encrypted backups only')
  const { file } = await backupOf(database, join(dir, 'kept'), { keep, seal: { recipients: [recipient] } })
  const opener = { identities: [identity] }
  const target = join(dir, 'new')
  const { files } = await restore(job(file, target, { opener }))
  expect(files.map(({ state }) => state)).toEqual(['written', 'written'])
  for (const { name, text } of keep) {
    expect(readFileSync(join(target, name), 'utf8')).toBe(text)
    expect(statSync(join(target, name)).mode & 0o077).toBe(0)
  }
  const bytes = readFileSync(join(target, 'bus.db'), 'latin1')
  expect(bytes).not.toContain('5eed5eed')
  expect(bytes).not.toContain('mk_of_the_old_machine')

  // What is there already is not overwritten.
  writeFileSync(join(target, 'secrets.env'), 'BUS_SECRET=mine\n')
  const again = await restore(job(file, target, { opener, force: true }))
  expect(again.files.map(({ state }) => state)).toEqual(['the same', 'kept'])
  expect(readFileSync(join(target, 'secrets.env'), 'utf8')).toBe('BUS_SECRET=mine\n')
})

test('a file that was planted in a backup goes nowhere, and nothing is changed', async () => {
  const dir = emptyDir()
  const database = await bus(join(dir, 'old'), 1)
  const seal = { passphrase: 'correct horse battery' }
  const strange = await backupOf(database, join(dir, 'kept'), {
    seal,
    keep: [{ name: '.profile', text: 'x' }],
  })
  const db = new Sqlite(database)
  db.pragma('journal_mode = DELETE')
  db.exec(`CREATE TABLE kept_files (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;
           INSERT INTO kept_files VALUES ('secrets.env', 'BUS_SECRET=known-to-a-stranger')`)
  db.close()
  const open = join(dir, 'bus-20270115T080000Z.db.zst')
  writeFileSync(open, zstdCompressSync(readFileSync(database)))
  const target = join(dir, 'new')
  await expect(restore(job(strange.file, target, { opener: seal }))).rejects.toThrow(
    /carries a file ".profile"/,
  )
  await expect(restore(job(open, target))).rejects.toThrow(/carries a file "secrets.env"/)
  expect(existsSync(target)).toBe(false)
})

test('two buses with one backup directory leave a backup each, of the same second too', async () => {
  const dir = emptyDir()
  const [large, small] = [await bus(join(dir, 'a'), 3000), await bus(join(dir, 'b'), 10)]
  const made = await Promise.all([large, small].map(each => backupOf(each, join(dir, 'kept'))))
  for (const [i, { file }] of made.entries()) {
    const restored = await restore(job(file, join(dir, `new-${i}`)))
    expect([restored.contents.intents.open, restored.checksum]).toEqual([[3000, 10][i], 'right'])
  }
})

test('a copy of a bus that is killed while it is made is no backup', async () => {
  const dir = emptyDir()
  const database = await bus(join(dir, 'old'), 3)
  cpSync(join(dir, 'old'), join(dir, 'killed'), { recursive: true })
  writeFileSync(join(dir, 'killed/bus.db.copying'), 'half of it')
  const { file } = await backupOf(join(dir, 'killed/bus.db'), join(dir, 'kept'))
  expect(existsSync(join(dir, 'killed/bus.db.copying'))).toBe(false)
  expect((await restore(job(file, join(dir, 'new')))).contents.intents.open).toBe(intentsIn(database))
})

test('a link that was planted in the directory of backups leads nothing to another file', async () => {
  const dir = emptyDir()
  const database = await bus(join(dir, 'old'), 1)
  const key = join(dir, 'old/bus.key')
  writeFileSync(key, 'the key of the vault')
  const kept = join(dir, 'kept')
  mkdirSync(kept)
  const name = 'bus-20270115T080000Z.db.zst'
  for (const planted of [`.${name}.partial`, `.${name}.sha256.partial`]) symlinkSync(key, join(kept, planted))
  // The copy beside the database, too.
  symlinkSync(key, `${database}.copying`)
  const { file } = await backupOf(database, kept)
  expect(readFileSync(key, 'utf8')).toBe('the key of the vault')

  const target = join(dir, 'new')
  mkdirSync(target)
  symlinkSync(key, join(target, 'bus.db.restoring'))
  await restore(job(file, target))
  expect(readFileSync(key, 'utf8')).toBe('the key of the vault')
})

test('where its secrets cannot be placed, the database is not switched, and none of them stays', async () => {
  const dir = emptyDir()
  const keep = [
    { name: 'bus.key', text: `${'5eed'.repeat(16)}\n` },
    { name: 'secrets.env', text: 'BUS_SECRET=mk_of_the_old_machine\n' },
  ]
  const seal = { recipients: [recipient] }
  const { file } = await backupOf(await bus(join(dir, 'old'), 3), join(dir, 'kept'), { keep, seal })
  const target = join(dir, 'new')
  const database = await bus(target, 1)
  // The key cannot be written: its folder is not there. It comes first or second; neither may stay.
  const keyFile = join(target, 'missing/bus.key')
  const broken = job(file, target, { opener: { identities: [identity] }, force: true, keyFile })
  await expect(restore(broken)).rejects.toThrow('cannot be written')
  expect(intentsIn(database)).toBe(1)
  expect(existsSync(join(target, 'secrets.env'))).toBe(false)
  expect(readdirSync(target).filter(name => name.includes('before-restore'))).toEqual([])
  // The same the other way round.
  mkdirSync(join(target, 'secrets.env'))
  const other = job(file, target, { opener: { identities: [identity] }, force: true })
  await expect(restore(other)).rejects.toThrow('cannot be read')
  expect(intentsIn(database)).toBe(1)
  expect(existsSync(join(target, 'bus.key'))).toBe(false)
})

test('an unencrypted backup into which somebody put a key is not restored', async () => {
  const dir = emptyDir()
  const database = await bus(join(dir, 'old'), 1)
  const key = join(dir, 'old/bus.key')
  const sealed = openVault(key, [], () => {}).seal('tk_mine', 1)
  const db = new Sqlite(database)
  db.prepare(
    'INSERT INTO api_keys (hash, sealed, prefix, owner, created_at, identity) VALUES (?, ?, ?, ?, 1, 0)',
  ).run(createHash('sha256').update('tk_mine').digest(), sealed, 'tk_mine', 'eve')
  db.close()
  const { file } = await backupOf(database, join(dir, 'kept'))
  const target = join(dir, 'new')
  await expect(restore(job(file, target, { keyFile: key }))).rejects.toThrow('is not what this bus sealed')
  expect(existsSync(join(target, 'bus.db'))).toBe(false)
})

test('a switch that fails takes the secrets back, and the old database has its log again', async () => {
  const dir = emptyDir()
  const keep = [{ name: 'secrets.env', text: 'BUS_SECRET=mk_of_the_old_machine\n' }]
  const seal = { recipients: [recipient] }
  const { file } = await backupOf(await bus(join(dir, 'old'), 3), join(dir, 'kept'), { keep, seal })
  const folder = emptyDir()
  const database = await bus(folder, 1)
  let logAside: string | undefined
  disk.beforeRename = from => {
    if (!from.endsWith('.restoring')) return
    // As if it could not be folded: the log of the old database is beside the one that was moved aside.
    const aside = readdirSync(folder).find(name => name.includes('before-restore') && !name.endsWith('-wal'))!
    logAside = join(folder, `${aside}-wal`)
    writeFileSync(logAside, 'the log')
    throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
  }
  onTestFinished(() => {
    disk.beforeRename = () => {}
  })
  const broken = job(file, folder, { opener: { identities: [identity] }, force: true })
  await expect(restore(broken)).rejects.toThrow('no space left')
  expect(existsSync(logAside!)).toBe(false)
  expect(readFileSync(`${database}-wal`, 'utf8')).toBe('the log')
  expect(readdirSync(folder).sort()).toEqual(['bus.db', 'bus.db-wal', 'bus.db.lock'])
})
