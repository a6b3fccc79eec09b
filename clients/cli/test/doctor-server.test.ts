import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { newestSchema } from '@intent-bus/service/store/sqlite/migrate'
import { markSwitch } from '@intent-bus/service/store/sqlite/switching'
import { BusProcess } from '@intent-bus/service/test/support/bus-process'
import { squatter } from '@intent-bus/service/test/support/ports'
import Sqlite from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { clockFindings } from '../src/host/clock.ts'
import { fileSystemOf, latencyFinding, roomOf } from '../src/host/disk.ts'
import { memoryFinding, openFilesOf } from '../src/host/limits.ts'
import { nodeFinding } from '../src/host/runtime.ts'
import { emptyDir, start } from './support/run.ts'

type Finding = { check: string; state: string; detail: string; cure?: string }

async function examined(cwd: string, env: Record<string, string> = {}, args: string[] = []) {
  const { out, code, err } = await start(['--json', 'doctor', '--server', ...args], { cwd, env }).ended
  if (out === '') throw new Error(err)
  const findings = JSON.parse(out) as Finding[]
  const of = (check: string) => findings.filter(finding => finding.check === check)
  return { code, findings, of, one: (check: string) => of(check)[0]! }
}

/** A directory in which a bus has run, with an issued key, and runs no more. */
async function used(env: Record<string, string> = {}): Promise<string> {
  const cwd = emptyDir()
  const bus = await running(cwd, env)
  const token = /^BUS_ADMIN_SECRET=(.*)$/m.exec(await secrets(cwd))![1]!
  await fetch(`http://127.0.0.1:${bus.port}/admin/generate_key`, {
    method: 'POST',
    headers: { 'x-admin-token': token },
    body: '{"owner": "pi"}',
  })
  bus.signal('SIGTERM')
  await bus.exited
  return cwd
}

const secrets = async (cwd: string) =>
  (await import('node:fs')).readFileSync(join(cwd, 'data/secrets.env'), 'utf8')

async function running(cwd: string, env: Record<string, string> = {}) {
  const bus = new BusProcess(cwd, { PORT: '0', ...env })
  onTestFinished(() => bus.kill())
  return Object.assign(bus, { port: await bus.ready() })
}

test('a host that is well: each thing is looked at, nothing is left behind, and the exit code is 0', async () => {
  const cwd = await used()
  const before = readdirSync(join(cwd, 'data')).sort()
  const { code, findings, one } = await examined(cwd, { PORT: '0' })
  const checks = new Set(findings.map(({ check }) => check))
  for (const check of [
    'settings',
    'node',
    'sqlite',
    'secrets',
    'file system',
    'disk sync',
    'disk room',
    'permissions',
    'database',
    'pages',
    'clock',
    'port',
    'exposure',
    'proxy',
    'open files',
    'memory',
  ]) {
    expect(checks).toContain(check)
  }
  expect(findings.filter(({ state, cure }) => (state === 'warning' || state === 'failed') && !cure)).toEqual(
    [],
  )
  expect([code, one('permissions').state, one('database').detail]).toEqual([
    0,
    'ok',
    `schema ${newestSchema()}`,
  ])
  expect(one('disk sync').detail).toMatch(/^p50 \S+ ms, p99 \S+ ms of 50: about \d+ jobs\/s/)
  const left = readdirSync(join(cwd, 'data')).filter(name => !/-(wal|shm)$/.test(name))
  expect(left.sort()).toEqual(before)
})

test('secrets that can be guessed are found, those in secrets.env too, and none is shown', async () => {
  const cwd = await used()
  expect((await examined(cwd, { PORT: '0' })).one('secrets').state).toBe('ok')
  const file = join(cwd, 'data/secrets.env')
  writeFileSync(file, 'BUS_METRICS_TOKEN=hunter2\n')
  chmodSync(file, 0o640)
  const { code, of, findings } = await examined(cwd, { PORT: '0', DASHBOARD_PASSWORD: 'hunter2-too' })
  expect(of('secrets').map(({ state, detail }) => [state, detail.split(' ')[0]])).toEqual([
    ['warning', 'DASHBOARD_PASSWORD'],
    ['warning', 'BUS_METRICS_TOKEN'],
  ])
  expect(JSON.stringify(findings)).not.toContain('hunter2')
  // The test does not look at the mode of that file, which is a separate failure.
  expect([code, statSync(file).mode & 0o777]).toEqual([1, 0o640])
  writeFileSync(file, 'no line of it\n')
  expect((await examined(cwd, { PORT: '0' })).one('secrets')).toMatchObject({
    state: 'failed',
    detail: expect.stringContaining('line 1'),
  })
})

test('the data may be elsewhere, or not there yet', async () => {
  const cwd = await used()
  expect(
    (await examined(emptyDir(), { PORT: '0' }, ['--data', join(cwd, 'data')])).one('database').state,
  ).toBe('ok')
  const nowhere = await examined(emptyDir(), { PORT: '0' })
  expect([nowhere.code, nowhere.one('data').state]).toEqual([0, 'warning'])
  const alone = await start(['doctor', '--data', cwd]).ended
  expect([alone.code, alone.err]).toEqual([2, expect.stringContaining('--server')])
})

test('finds secrets, keys and data that others may read, each with the command that closes it', async () => {
  const cwd = await used()
  const data = join(cwd, 'data')
  chmodSync(data, 0o755)
  for (const name of ['secrets.env', 'bus.key', 'bus.db']) chmodSync(join(data, name), 0o644)
  const { code, of } = await examined(cwd, { PORT: '0' })
  expect(of('permissions').map(({ state, cure }) => [state, cure])).toEqual([
    ['warning', `chmod 700 ${data}`],
    ['failed', `chmod 600 ${join(data, 'secrets.env')}`],
    ['failed', `chmod 600 ${join(data, 'bus.key')}`],
    ['warning', `chmod 600 ${join(data, 'bus.db')}`],
  ])
  expect(code).toBe(1)
})

test('names the table and the page of the database that are damaged', async () => {
  const cwd = await used()
  const path = join(cwd, 'data/bus.db')
  const db = new Sqlite(path)
  const page = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'intents_ready'").pluck().get()
  db.close()
  const bytes = readFileSync(path)
  bytes.fill(0xa5, (Number(page) - 1) * 4096, Number(page) * 4096)
  writeFileSync(path, bytes)
  const { code, one } = await examined(cwd, { PORT: '0' })
  expect([code, one('pages')]).toEqual([
    1,
    {
      check: 'pages',
      state: 'failed',
      detail: `${path} is damaged: index intents_ready (page ${page})`,
      cure: 'docs/operations/corrupt-database.md',
    },
  ])
})

test('finds a restore that was cut short, and leaves what is there alone', async () => {
  const cwd = await used()
  const path = join(cwd, 'data/bus.db')
  const aside = `${path}.before-restore-20261130T100000Z`
  // Killed when the log is moved, and the new database is not in its place.
  writeFileSync(`${path}.restoring`, 'not all of a database')
  markSwitch(path, aside)
  const before = readdirSync(join(cwd, 'data')).sort()
  const { code, of } = await examined(cwd, { PORT: '0' })
  expect([code, of('database')]).toEqual([
    1,
    [
      {
        check: 'database',
        state: 'failed',
        detail: `a restore has begun and not ended: ${path}.switching is there`,
        cure: expect.stringContaining('start the bus: it puts the old database back'),
      },
    ],
  ])
  expect(of('pages')).toEqual([])
  expect(readdirSync(join(cwd, 'data')).sort()).toEqual(before)

  // On a phone the database itself may be moved already.
  renameSync(path, aside)
  expect((await examined(cwd, { PORT: '0' })).one('database').detail).toContain('.switching is there')
  const bus = await running(cwd)
  bus.signal('SIGTERM')
  await bus.exited
  expect((await examined(cwd, { PORT: '0' })).one('database').state).toBe('ok')
})

test('finds that the key is missing which opens the keys in the database', async () => {
  const cwd = await used()
  rmSync(join(cwd, 'data/bus.key'))
  const { code, one } = await examined(cwd, { PORT: '0' })
  expect([code, one('bus.key')]).toEqual([
    1,
    expect.objectContaining({ state: 'failed', cure: expect.stringContaining('BUS_KEY_FILE') }),
  ])
})

test('finds a database of a newer bus, and a file that is none', async () => {
  const cwd = await used()
  const path = join(cwd, 'data/bus.db')
  const db = new Sqlite(path)
  db.pragma('user_version = 99')
  db.close()
  expect((await examined(cwd, { PORT: '0' })).one('database')).toMatchObject({
    state: 'failed',
    detail: expect.stringContaining('schema 99'),
  })
  writeFileSync(path, 'something else, and long enough to be looked at')
  expect((await examined(cwd, { PORT: '0' })).one('database').state).toBe('failed')
})

test('finds the bus that runs here, its clock, and the proxy that it was not told of', async () => {
  const cwd = emptyDir()
  const bus = await running(cwd)
  const env = { PORT: `${bus.port}` }
  const told = await examined(cwd, env)
  expect([told.one('port').state, told.one('port').detail]).toEqual([
    'ok',
    expect.stringContaining('held by a bus'),
  ])
  expect(told.of('clock').map(({ detail }) => detail)).toContain('the same as that of the bus that runs here')
  expect(told.one('proxy')).toMatchObject({ state: 'ok', detail: 'none was seen' })
  expect(told.one('open files').detail).toContain('the bus may have')
  await fetch(`http://127.0.0.1:${bus.port}/`, { headers: { 'x-forwarded-for': '192.0.2.1' } })
  const later = await examined(cwd, env)
  expect(later.one('proxy')).toMatchObject({
    state: 'warning',
    cure: expect.stringContaining('BUS_TRUST_PROXY'),
  })
  expect(existsSync(join(cwd, 'data/secrets.env'))).toBe(true)
})

test('finds the bus of its directory, though this shell does not know its port', async () => {
  const cwd = emptyDir()
  const bus = await running(cwd)
  const told = await examined(cwd)
  expect(told.one('port').detail).toMatch(new RegExp(`:${bus.port} is held by a bus`))
  expect(told.one('proxy')).toMatchObject({ state: 'ok', detail: 'none was seen' })
})

test('finds that the port is somebody else’s, and that the address is no one of this machine', async () => {
  const { port, server } = await squatter()
  onTestFinished(() => void server.close())
  const taken = await examined(emptyDir(), { PORT: `${port}` })
  expect([taken.code, taken.one('port')]).toEqual([
    1,
    expect.objectContaining({ state: 'failed', cure: expect.stringContaining('ss -ltnp') }),
  ])
  const away = await examined(emptyDir(), { PORT: `${port}`, HOST: '192.0.2.1' })
  expect(away.one('port').detail).toContain('is no address of this machine')
})

test('finds a bus that is open to the network without HTTPS', async () => {
  const open = await examined(emptyDir(), { PORT: '0', HOST: '0.0.0.0' })
  expect(open.one('exposure')).toMatchObject({ state: 'warning', cure: expect.stringContaining('TLS') })
  const closed = { PORT: '0', HOST: '0.0.0.0', BUS_ENFORCE_HTTPS: 'true', BUS_TRUST_PROXY: '1' }
  expect((await examined(emptyDir(), closed)).one('exposure').state).toBe('ok')
})

test('finds a setting that cannot be used, and one that is misspelt', async () => {
  const wrong = await examined(emptyDir(), { BUS_LEASE_SECONDS: 'long' })
  expect([wrong.code, wrong.findings]).toEqual([
    2,
    [expect.objectContaining({ detail: expect.stringContaining('BUS_LEASE_SECONDS') })],
  ])
  const misspelt = await examined(emptyDir(), { PORT: '0', BUS_LEASE_SECOND: '60' })
  expect(misspelt.of('settings')[1]).toMatchObject({
    state: 'warning',
    detail: expect.stringContaining('BUS_LEASE_SECONDS'),
  })
})

test('finds that nothing can be written where the data is', async () => {
  const cwd = emptyDir()
  mkdirSync(join(cwd, 'data'))
  writeFileSync(join(cwd, 'data', 'file'), '')
  const { code, one } = await examined(cwd, { PORT: '0', BUS_DB_PATH: 'data/file/bus.db' })
  expect([code, one('disk sync').state]).toEqual([1, 'failed'])
})

test.each([
  ['an old Node', nodeFinding('20.19.0', 'x64'), 'failed', 'Node 24'],
  ['a 32-bit machine', nodeFinding('24.0.0', 'arm'), 'warning', 'node-gyp'],
  ['a slow disk', latencyFinding(Array(50).fill(40)), 'warning', 'SSD'],
  ['a disk that stalls', latencyFinding([...Array(49).fill(1), 900]), 'warning', 'SSD'],
  ['data in memory', fileSystemOf(0x01021994), 'failed', 'BUS_DB_PATH'],
  ['data on a network', fileSystemOf(0xff534d42 | 0), 'warning', 'BUS_DB_PATH'],
  ['data in the layer of a container', fileSystemOf(0x794c7630), 'warning', 'volume'],
  ['a full disk', roomOf(10, 5, 100), 'failed', 'room'],
  ['a disk without room for a copy', roomOf(1000, 5000, 100), 'warning', 'room'],
  ['few files', openFilesOf(1024, 1024, true), 'warning', 'LimitNOFILE=1088'],
  ['little memory', memoryFinding(128 * 1024 * 1024), 'warning', '192 MiB'],
  ['a clock that is behind the database', clockFindings(100_000, null, 1000)[0]!, 'failed', 'timedatectl'],
  [
    'a clock that went off since the bus started',
    clockFindings(null, 100_000, 1000)[0]!,
    'warning',
    'restart',
  ],
])('%s is found, with its cure', (_what, { state, cure }, expected, said) => {
  expect([state, cure]).toEqual([expected, expect.stringContaining(said)])
})

test('a slow disk says what it means: 40 ms a sync are eight jobs a second', () => {
  expect(latencyFinding(Array(50).fill(40)).detail).toContain('about 8 jobs/s')
})
