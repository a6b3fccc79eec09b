import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { busForTest } from '@intent-bus/service/test/support/bus'
import { BusProcess } from '@intent-bus/service/test/support/bus-process'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { expect, onTestFinished, test } from 'vitest'
import { EXIT } from '../src/exit-codes.ts'
import { emptyDir, start, userOf } from './support/run.ts'

const NAME = /bus-\d{8}T\d{6}Z(?:-\d)?\.db\.zst/
const ran = (args: string[], cwd: string, env: Record<string, string> = {}, stdin = '') =>
  start(args, { cwd, env, stdin }).ended

/** A bus of a directory, as it is started in earnest, with one intent and one key. */
async function busIn(dir: string, env: Record<string, string> = {}) {
  const bus = new BusProcess(dir, { PORT: '0', ...env })
  onTestFinished(() => bus.kill())
  const port = `${await bus.ready()}`
  const id = (await ran(['publish', 'work', '"before"'], dir, { PORT: port })).out.trim()
  expect((await ran(['keys', 'create', 'ann'], dir, { PORT: port })).code).toBe(0)
  const stop = async () => {
    bus.signal('SIGTERM')
    expect((await bus.exited).code).toBe(0)
  }
  return { bus, id, stop, here: { PORT: port } }
}

test('a bus is backed up, stopped, wiped and restored, and a worker does its work', async () => {
  const dir = emptyDir()
  const { id, stop, here } = await busIn(dir)
  const made = await ran(['--json', 'backup', '--to', 'copies'], dir, here)
  expect([made.code, made.err]).toEqual([0, ''])
  const { name, path } = JSON.parse(made.out)
  expect(path).toBe(join(dir, 'copies', name))
  expect(JSON.parse(made.out)).toMatchObject({ intents: { open: 1 }, issued_keys: 1, deleted: [] })
  expect(readFileSync(`${path}.sha256`, 'utf8')).toContain(name)

  const alive = await ran(['restore', path], dir, here)
  expect([alive.code, alive.err]).toEqual([EXIT.failed, expect.stringContaining('is in use by another bus')])
  expect(alive.err).toContain('--data')
  expect(alive.err).not.toContain('BUS_DB_PATH')
  await stop()
  const full = await ran(['restore', path], dir, here)
  expect([full.code, full.err]).toEqual([EXIT.failed, expect.stringContaining('is not empty')])

  renameSync(join(dir, 'data/bus.key'), join(dir, 'bus.key'))
  rmSync(join(dir, 'data'), { recursive: true })
  const restored = await ran(['restore', path], dir, here)
  expect(restored.code).toBe(0)
  expect(restored.out).toMatch(
    /^Restored to the moment \d{4}-.* ago: what was acknowledged before is there\.\n/,
  )
  expect(restored.out).toMatch(/^intents +1 open, 0 claimed, 0 fulfilled, 0 dead$/m)
  expect(restored.out).toMatch(
    /^issued keys +1; bus\.key is missing: put it back, or the bus will not start$/m,
  )
  expect(restored.out).toMatch(
    /^Put back first, .*: data\/bus\.key and data\/secrets\.env\. Without secrets/m,
  )

  renameSync(join(dir, 'bus.key'), join(dir, 'data/bus.key'))
  const again = new BusProcess(dir, { PORT: '0' })
  onTestFinished(() => again.kill())
  const there = { PORT: `${await again.ready()}` }
  expect((await ran(['work', 'work', '--once', '--exec', 'cat'], dir, there)).code).toBe(0)
  expect((await ran(['result', id], dir, there)).out).toBe('"before"\n')
})

test('a directory of backups stands for the newest whole one in it; two files are told apart from that', async () => {
  const dir = emptyDir()
  const bus = await busForTest()
  const user = userOf(bus.url)
  const copies = join(dir, 'copies')
  const made: { name: string; path: string }[] = []
  for (let i = 0; i < 3; i++) {
    await user.run(['publish', 'work', 'null'])
    made.push(await user.json('backup', '--to', copies))
    await bus.clock.advance(1000)
    bus.wallAheadMs += 1000
  }
  truncateSync(made[2]!.path, 99)
  const both = await ran(['restore', made[0]!.path, made[1]!.path, '--data', 'new'], dir)
  expect([both.code, both.err]).toEqual([
    EXIT.usage,
    expect.stringMatching(/takes one backup; it got 2\.\n.*directory/),
  ])
  const { code, out, err } = await ran(['restore', 'copies', '--data', 'new'], dir)
  expect([code, err]).toEqual([
    0,
    `${made[2]!.name} is newer, but not what its checksum says: it is left out.\nOf the 3 backups in the directory, this is the newest whole one: copies/${made[1]!.name}\n`,
  ])
  expect(out).toMatch(new RegExp(`^backup +copies/${made[1]!.name}$`, 'm'))
  expect(out).toMatch(/^intents +2 open/m)
  const empty = await ran(['restore', emptyDir(), '--data', 'other'], dir)
  expect([empty.code, empty.err]).toEqual([EXIT.failed, expect.stringContaining('There is no backup in')])
  // One that did not work out leaves nothing that would look like a bus.
  expect((await ran(['restore', made[2]!.path, '--data', 'not/made'], dir)).code).toBe(EXIT.failed)
  expect(readdirSync(dir).toSorted()).toEqual(['copies', 'new'])
})

test('a bus of this directory that does not run is backed up from its file', async () => {
  const dir = emptyDir()
  const { stop, here } = await busIn(dir)
  await stop()
  const { code, out, err } = await ran(['backup'], dir, here)
  expect([code, err]).toEqual([0, expect.stringContaining('does not run')])
  expect(out).toMatch(/^intents +1 open/m)
  expect(readdirSync(join(dir, 'data/backups'))).toEqual([
    expect.stringMatching(NAME),
    expect.stringMatching(/\.sha256$/),
  ])
  const elsewhere = await ran(['--json', 'backup', '--data', 'data', '--to', 'copies'], dir)
  expect(JSON.parse(elsewhere.out)).toMatchObject({ intents: { open: 1 }, issued_keys: 1 })
  const nothing = await ran(['backup', '--data', 'nowhere'], dir)
  expect([nothing.code, nothing.err]).toEqual([EXIT.failed, expect.stringContaining('There is no bus in')])
})

test('a bus elsewhere that does not answer is not taken for the one of this directory', async () => {
  const dir = emptyDir()
  mkdirSync(join(dir, 'data'))
  writeFileSync(join(dir, 'data/bus.db'), '')
  const user = userOf('http://127.0.0.1:9')
  const { code } = await user.run(['backup'], { cwd: dir })
  expect(code).toBe(EXIT.unreachable)
})

test('--keep tidies the directory of --to, and the newest stays', async () => {
  const bus = await busForTest()
  const user = userOf(bus.url)
  const dir = emptyDir()
  const old = 'bus-20260101T000000Z.db.zst'
  for (const name of [old, `${old}.sha256`, 'notes.txt']) writeFileSync(join(dir, name), 'f'.repeat(64))
  utimesSync(join(dir, old), 0, 0)
  expect((await user.run(['backup', '--keep', '7d'])).code).toBe(EXIT.usage)
  expect((await user.run(['backup', '--to', dir, '--keep', 'soon'])).code).toBe(EXIT.usage)
  const { deleted, name } = await user.json('backup', '--to', dir, '--keep', '7d')
  expect(deleted).toEqual([old])
  expect(readdirSync(dir).toSorted()).toEqual([name, `${name}.sha256`, 'notes.txt'].toSorted())
})

test('--list shows what the bus has, and why the last one failed', async () => {
  const dir = join(emptyDir(), 'kept')
  const bus = await busForTest({ BUS_BACKUP_DIR: dir })
  const user = userOf(bus.url)
  expect((await user.run(['backup', '--list'])).out).toBe('There are none.\n')
  const { name } = await user.json('backup')
  expect((await user.run(['backup', '--list'])).out).toContain(name)
  rmSync(dir, { recursive: true })
  writeFileSync(dir, 'in the way')
  const failed = await user.run(['backup'])
  expect([failed.code, failed.err]).toEqual([EXIT.unreachable, expect.stringContaining('The backup failed')])
})

/** A proxy that asks for something else than it was asked for, and gives back something else than it got. */
async function between(
  url: string,
  ask: (path: string) => string,
  give: (path: string, body: Buffer) => Buffer,
): Promise<string> {
  const server = createServer(async ({ url: path = '', method = 'GET', headers }, response) => {
    const token = headers['x-admin-token'] as string
    const answer = await fetch(url + ask(path), { method, headers: { 'x-admin-token': token } })
    const body = give(path, Buffer.from(await answer.arrayBuffer()))
    response
      .writeHead(answer.status, { 'content-type': 'application/json', 'x-intent-version': '7.61' })
      .end(body)
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a backup that takes longer than a call may wait is waited for, and not mistaken for one of a clock that was ahead', async () => {
  const dir = emptyDir()
  const bus = await busForTest({ BUS_BACKUP_DIR: dir })
  const ahead = 'bus-20990101T000000Z.db.zst'
  writeFileSync(join(dir, ahead), '')
  writeFileSync(join(dir, `${ahead}.sha256`), `${'0'.repeat(64)}  ${ahead}\n`)
  const asked: string[] = []
  const impatient = await between(
    bus.url,
    path => path.replace('wait=60', 'wait=0'),
    (path, body) => {
      asked.push(path)
      return body
    },
  )
  const { out, code } = await userOf(impatient).run(['backup'])
  expect([code, out]).toEqual([0, expect.stringMatching(/^backup +bus-(?!2099).*\n/)])
  // Asked for once, and then looked for until it is there.
  expect([asked[0], ...new Set(asked.slice(1))]).toEqual(['/admin/backup?wait=60', '/admin/backups'])
})

test('two buses that are backed up into one directory in the same second leave a backup each', async () => {
  const copies = emptyDir()
  // One clock for both: their backups are called alike.
  const users = [await busForTest(), await busForTest()].map(({ url }) => userOf(url))
  await users[0]!.run(['publish', 'work', '"of the first alone"'])
  const made = await Promise.all(users.map(user => user.json('backup', '--to', copies)))
  expect(made[0].name).toBe(made[1].name)
  expect(made[0].path).not.toBe(made[1].path)
  for (const { path, sha256 } of made) {
    expect(createHash('sha256').update(readFileSync(path)).digest('hex')).toBe(sha256)
    expect(readFileSync(`${path}.sha256`, 'utf8')).toBe(`${sha256}  ${basename(path)}\n`)
  }
  expect(readdirSync(copies)).toHaveLength(4)
})

test('what arrives changed or cut off is no backup', async () => {
  const bus = await busForTest()
  const changes: ((body: Buffer) => Buffer)[] = [
    body => Buffer.concat([body.subarray(0, 99), Buffer.from('!'), body.subarray(100)]),
    body => body.subarray(0, 99),
  ]
  for (const change of changes) {
    const bad = await between(
      bus.url,
      path => path,
      (path, body) => (path.startsWith('/admin/backups/') ? change(body) : body),
    )
    const copies = emptyDir()
    const { code, err } = await userOf(bad).run(['backup', '--to', copies])
    expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('arrived changed')])
    expect(readdirSync(copies)).toEqual([])
  }
})

test('an encrypted backup carries the secrets if asked, and opens with the identity file', async () => {
  const dir = emptyDir()
  const identity = await generateX25519Identity()
  writeFileSync(join(dir, 'identity.txt'), `# made today\n${identity}\n`)
  const { stop, here } = await busIn(dir, {
    BUS_BACKUP_RECIPIENT: await identityToRecipient(identity),
    BUS_BACKUP_WITH_SECRETS: 'true',
  })
  const { path } = JSON.parse((await ran(['--json', 'backup', '--to', 'copies'], dir, here)).out)
  expect(path).toMatch(/\.db\.zst\.age$/)
  await stop()
  const shut = await ran(['restore', path, '--data', 'new'], dir)
  expect([shut.code, shut.err]).toEqual([EXIT.failed, expect.stringContaining('is encrypted')])
  const opened = await ran(['restore', path, '--data', 'new', '--identity', 'identity.txt'], dir)
  expect(opened.out).toMatch(/^issued keys +1; bus\.key opens them$/m)
  for (const name of ['bus.key', 'secrets.env']) {
    expect(readFileSync(join(dir, 'new', name), 'utf8')).toBe(readFileSync(join(dir, 'data', name), 'utf8'))
  }
})

test('a passphrase comes from a file, from stdin, or from where the bus has it', async () => {
  const dir = emptyDir()
  const phrase = 'correct horse battery staple'
  writeFileSync(join(dir, 'phrase.txt'), `${phrase}\n`)
  const { stop, here } = await busIn(dir, { BUS_BACKUP_PASSPHRASE_FILE: join(dir, 'phrase.txt') })
  const { path } = JSON.parse((await ran(['--json', 'backup', '--to', 'copies'], dir, here)).out)
  await stop()
  const restored = async (args: string[], env = {}, stdin = '') =>
    (await ran(['restore', path, '--force', '--data', 'new', ...args], dir, env, stdin)).code
  expect(await restored(['--passphrase-file', 'phrase.txt'])).toBe(0)
  expect(await restored(['--passphrase-file', '-'], {}, `${phrase}\n`)).toBe(0)
  expect(await restored([], { BUS_BACKUP_PASSPHRASE_FILE: join(dir, 'phrase.txt') })).toBe(0)
  expect(await restored(['--passphrase-file', '-'], {}, 'wrong\n')).toBe(EXIT.failed)
})
