import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { unpack } from '../../backup/pack.ts'
import { examine } from '../../store/sqlite/copy.ts'
import Sqlite from '../../store/sqlite/driver.ts'
import { busForTest, type TestBus } from '../support/bus.ts'
import { refusal } from '../support/client.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

function emptyDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'bus-backups-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** A bus whose backups go into a directory of the test's. */
async function busInto(env: Record<string, string> = {}): Promise<{ bus: TestBus; dir: string }> {
  const dir = join(emptyDir(), 'kept')
  return { bus: await busForTest({ BUS_BACKUP_DIR: dir, ...env }), dir }
}

const backupsIn = (dir: string) => readdirSync(dir).filter(name => /^bus-.*\.zst$/.test(name))

test('a backup holds what was acknowledged before it, and says how much that is', async () => {
  const { bus, dir } = await busInto()
  const { master, admin } = bus
  await master.claimed({ goal: 'a' })
  await master.fulfil(await master.claimed({ goal: 'b' }), { result: 'done' })
  await master.fail(await master.claimed({ goal: 'c', max_attempts: 1 }))
  const id = await master.publish({ payload: { page: 7 } })
  await master.post('/set/lamp', { value: 'on' })
  await bus.issue()

  const { status, json } = await admin.post('/admin/backup')
  expect(status).toBe(201)
  expect(json).toMatchObject({
    ok: true,
    name: 'bus-20270115T080000Z.db.zst',
    taken_at: 1_800_000_000,
    encrypted: false,
    intents: { open: 1, claimed: 1, fulfilled: 1, dead: 1 },
    issued_keys: 1,
    values: 1,
    uploaded: null,
  })
  await master.publish()

  const file = join(dir, json.name)
  const restored = join(dir, 'restored.db')
  expect(await unpack(file, restored, null)).toBe(json.sha256)
  expect(examine(restored)).toMatchObject({ intents: json.intents, copiedAt: 1_800_000_000_000 })
  const db = new Sqlite(restored, { readonly: true })
  onTestFinished(() => void db.close())
  const found = db.prepare('SELECT p.text FROM intents i JOIN payloads p ON p.n = i.n WHERE i.id = ?').get(id)
  expect(found).toEqual({ text: '{"page":7}' })
})

test('a backup is listed and downloaded as it lies there, with a checksum that sha256sum takes', async () => {
  const { bus, dir } = await busInto()
  await bus.master.publish()
  const { name, bytes, sha256 } = (await bus.admin.post('/admin/backup')).json
  bus.clock.skip(90_000)
  expect((await bus.admin.get('/admin/backups')).json).toEqual({
    backups: [{ name, bytes, sha256, encrypted: false, taken_at: 1_800_000_000, age_seconds: 90 }],
    running_since: null,
    last_failure: null,
  })
  const answer = await fetch(`${bus.url}/admin/backups/${name}`, { headers: bus.admin.headers })
  const body = Buffer.from(await answer.arrayBuffer())
  expect(answer.headers.get('content-length')).toBe(`${bytes}`)
  expect(createHash('sha256').update(body).digest('hex')).toBe(sha256)
  expect(readFileSync(join(dir, `${name}.sha256`), 'utf8')).toBe(`${sha256}  ${name}\n`)
  if (process.platform === 'linux') {
    expect(execFileSync('sha256sum', ['-c', `${name}.sha256`], { cwd: dir, encoding: 'utf8' })).toBe(
      `${name}: OK\n`,
    )
  }
})

test('only what is called like a backup is one: no name leads out of the directory', async () => {
  const { bus, dir } = await busInto()
  mkdirSync(dir)
  writeFileSync(join(dir, 'notes.txt'), 'private')
  for (const name of [
    'notes.txt',
    '..%2F..%2Fbus.db',
    'bus-20270115T080000Z.db.zst',
    'bus-20270115T080000Z.db.zst.sha256',
    '.',
  ]) {
    expect(refusal(await bus.admin.get(`/admin/backups/${name}`)), name).toMatchObject({ status: 404 })
  }
  expect((await bus.admin.get('/admin/backups')).json.backups).toEqual([])
})

test('two backups in one second have two names', async () => {
  const { bus } = await busInto()
  const [first, second] = [await bus.admin.post('/admin/backup'), await bus.admin.post('/admin/backup')]
  expect([first.json.name, second.json.name]).toEqual([
    'bus-20270115T080000Z.db.zst',
    'bus-20270115T080000Z-1.db.zst',
  ])
})

test('there is one backup at a time, and who does not wait finds it in the list', async () => {
  const { bus } = await busInto()
  const begun = await bus.admin.post('/admin/backup?wait=0')
  expect([begun.status, begun.json]).toEqual([202, { ok: true, running_since: 1_800_000_000 }])
  expect((await bus.admin.get('/admin/backups')).json.running_since).toBe(1_800_000_000)
  expect(refusal(await bus.admin.post('/admin/backup'))).toMatchObject({
    status: 409,
    code: 'backup_running',
  })
  await bus.backupDone()
  const { backups, running_since } = (await bus.admin.get('/admin/backups')).json
  expect([backups.length, running_since]).toEqual([1, null])
})

test('a wait that does not fit is refused, and no backup begun', async () => {
  const { bus } = await busInto()
  expect(refusal(await bus.admin.post('/admin/backup?wait=61'))).toMatchObject({
    status: 400,
    message: expect.stringMatching(/^wait takes a number of seconds from 0 to 60; it got 61/),
  })
  expect(bus.backups!.runningSince).toBeNull()
})

test('a backup that cannot be made is told, logged, counted, and leaves nothing behind', async () => {
  const dir = join(emptyDir(), 'a file')
  writeFileSync(dir, '')
  const bus = await busForTest({ BUS_BACKUP_DIR: dir })
  const refused = refusal(await bus.admin.post('/admin/backup'))
  expect(refused).toMatchObject({ status: 500, code: 'backup_failed' })
  expect(refused.message).toContain('cannot be made')
  expect(bus.log.some(line => line.includes('the backup failed'))).toBe(true)
  expect(await bus.metric('intent_bus_backups_total{outcome="failure"}')).toBe(1)
  expect(bus.backups!.lastFailure?.message).toContain('cannot be made')
  for (const path of ['/admin/backups', '/admin/backups/bus-20270115T080000Z.db.zst']) {
    expect(refusal(await bus.admin.get(path))).toMatchObject({ status: 500, code: 'backup_failed' })
  }
})

test('a bus that drains begins no backup', async () => {
  const { bus } = await busInto()
  bus.backups!.beginDrain()
  expect(refusal(await bus.admin.post('/admin/backup'))).toMatchObject({ status: 503, code: 'draining' })
})

test('a backup for which there is no room is not begun', async () => {
  const { bus, dir } = await busInto({ BUS_MIN_FREE_DISK_BYTES: `${2 ** 50}` })
  expect(refusal(await bus.admin.post('/admin/backup'))).toMatchObject({
    status: 503,
    code: 'storage_full',
    message: expect.stringMatching(/must stay free/),
  })
  expect(readdirSync(dir)).toEqual([])
})

test('a damaged database is not backed up as if it were whole', async () => {
  const { bus, dir } = await busInto()
  for (let i = 0; i < 50; i++) await bus.master.publish({ payload: 'x'.repeat(3000) })
  const { copySource } = bus.store
  const file = (copySource as { file: string }).file
  // A hand with a shell, that counts nothing.
  const db = new Sqlite(file)
  db.exec('DELETE FROM payloads WHERE n = (SELECT max(n) FROM payloads)')
  db.close()
  expect(refusal(await bus.admin.post('/admin/backup'))).toMatchObject({
    code: 'backup_failed',
    message: expect.stringMatching(/not whole: 50 intents have 49 payloads/),
  })
  expect(readdirSync(dir)).toEqual([])
})

test('backups that were kept long enough go with the next one', async () => {
  const { bus, dir } = await busInto({ BUS_BACKUP_KEEP: '2d' })
  const make = async () => (await bus.admin.post('/admin/backup')).json.name as string
  const first = await make()
  writeFileSync(join(dir, 'bus-notes.txt'), 'mine')
  writeFileSync(join(dir, '.bus-20260101T000000Z.db.zst.partial'), 'what a kill left')
  utimesSync(join(dir, '.bus-20260101T000000Z.db.zst.partial'), 0, 0)
  bus.clock.skip(DAY_MS)
  const second = await make()
  bus.clock.skip(1000)
  const third = await make()
  expect(backupsIn(dir)).toEqual([first, second, third])
  bus.clock.skip(DAY_MS + 1000)
  const last = await make()
  expect(backupsIn(dir)).toEqual([second, third, last])
  expect(readdirSync(dir)).toContain('bus-notes.txt')
  expect(readdirSync(dir)).toHaveLength(7)
})

test('the newest three stay whatever their age, or a clock that jumps ahead would leave one', async () => {
  const { bus, dir } = await busInto({ BUS_BACKUP_KEEP: '2d' })
  const names: string[] = []
  for (let i = 0; i < 4; i++) {
    names.push((await bus.admin.post('/admin/backup')).json.name)
    bus.clock.skip(1000)
  }
  bus.clock.skip(40 * DAY_MS)
  const { name } = (await bus.admin.post('/admin/backup')).json
  expect(backupsIn(dir)).toEqual([...names.slice(2), name])
  await bus.restart()
  expect(backupsIn(dir)).toEqual([...names.slice(2), name])
})

test('the audit trail says who made a backup, and who took one away', async () => {
  const { bus } = await busInto()
  const { name, bytes } = (await bus.admin.post('/admin/backup')).json
  await bus.admin.get(`/admin/backups/${name}`)
  await bus.admin.get('/admin/backups/bus-20260101T000000Z.db.zst')
  await expect
    .poll(async () => (await bus.admin.get('/admin/audit')).json.entries)
    .toMatchObject([
      {
        action: 'backup_made',
        subject: name,
        detail: { bytes, encrypted: false },
        credential: 'admin_token',
      },
      { action: 'backup_fetched', subject: name, detail: {}, credential: 'admin_token' },
    ])
})

test('the timer counts from the last backup on disk, not from the start', async () => {
  const { bus, dir } = await busInto({ BUS_BACKUP_INTERVAL: '24h' })
  bus.chance.always = 0.5
  expect(bus.backups!.runningSince).toBeNull()
  // Not in the rush of a start.
  await bus.clock.advance(29_000)
  expect(bus.backups!.runningSince).toBeNull()
  await bus.clock.advance(31_000)
  await bus.backupDone()
  expect(backupsIn(dir)).toHaveLength(1)

  // Started anew every few hours, it is backed up daily all the same.
  for (let start = 0; start < 5; start++) {
    bus.clock.skip(4 * HOUR_MS)
    await bus.restart()
    await bus.clock.advance(60_000)
    await bus.backupDone()
  }
  expect(backupsIn(dir)).toHaveLength(1)
  bus.clock.skip(4 * HOUR_MS)
  await bus.restart()
  await bus.clock.advance(60_000)
  await bus.backupDone()
  expect(backupsIn(dir)).toHaveLength(2)
})

test('a running bus makes one backup per interval, and tries again soon after one that failed', async () => {
  const { bus, dir } = await busInto({ BUS_BACKUP_INTERVAL: '6h' })
  const passes = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 60_000) {
      await bus.clock.advance(60_000)
      await bus.backupDone()
    }
  }
  await passes(HOUR_MS)
  expect(backupsIn(dir)).toHaveLength(1)
  await passes(6 * HOUR_MS)
  expect(backupsIn(dir)).toHaveLength(2)

  rmSync(dir, { recursive: true })
  writeFileSync(dir, 'in the way')
  await passes(6 * HOUR_MS)
  expect(await bus.metric('intent_bus_backups_total{outcome="failure"}')).toBeGreaterThanOrEqual(2)
  rmSync(dir)
  await passes(600_000)
  expect(backupsIn(dir)).toHaveLength(1)
})

test('without an interval no timer is set', async () => {
  const { bus, dir } = await busInto()
  bus.clock.skip(40 * DAY_MS)
  await bus.clock.advance(120_000)
  await bus.backupDone()
  expect(() => readdirSync(dir)).toThrow('ENOENT')
})

test('the metrics tell of the last backup, after a restart too', async () => {
  const { bus } = await busInto()
  const shown = async () => [
    await bus.metric('intent_bus_last_backup_success_timestamp_seconds'),
    await bus.metric('intent_bus_last_backup_bytes'),
    await bus.metric('intent_bus_backups_total{outcome="success"}'),
  ]
  expect(await shown()).toEqual([0, 0, 0])
  const { bytes } = (await bus.admin.post('/admin/backup')).json
  expect(await shown()).toEqual([1_800_000_000, bytes, 1])
  expect(await bus.metric('intent_bus_last_backup_duration_seconds')).toBeGreaterThan(0)
  await bus.restart()
  expect(await shown()).toEqual([1_800_000_000, bytes, 0])
})

test('a bus that stops breaks off a backup, and nothing half-made is left', async () => {
  const { bus, dir } = await busInto()
  mkdirSync(dir)
  await bus.master.publish()
  void bus.admin.post('/admin/backup').catch(() => undefined)
  while (bus.backups!.runningSince === null) await new Promise(resolve => setTimeout(resolve, 1))
  await bus.restart()
  const file = (bus.store.copySource as { file: string }).file
  expect(readdirSync(join(file, '..')).filter(name => name.includes('copying'))).toEqual([])
  const left = readdirSync(dir, { recursive: true })
  expect(left.filter(name => `${name}`.endsWith('.partial'))).toEqual([])
  expect((await bus.admin.post('/admin/backup')).status).toBe(201)
})

test('a bus whose database is not a file says what copies it instead', async () => {
  const { bus } = await busInto()
  bus.copySource = { tool: 'pg_dump' }
  await bus.restart()
  for (const answer of [
    await bus.admin.post('/admin/backup'),
    await bus.admin.get('/admin/backups'),
    await bus.admin.get('/admin/backups/bus-20270115T080000Z.db.zst'),
  ]) {
    expect(refusal(answer)).toMatchObject({ status: 501, code: 'not_supported' })
    expect(refusal(answer).message).toContain('pg_dump')
  }
})
