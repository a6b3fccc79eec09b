/** What is printed, and what becomes of it where it cannot be. */
import { spawn } from 'node:child_process'
import { existsSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Gate } from '@intent-bus/client/test/support/gate'
import { busForFile } from '@intent-bus/service/test/support/bus'
import { expect, test } from 'vitest'
import { jsonText, plain } from '../src/output.ts'
import { COMMAND, emptyDir, userOf } from './support/run.ts'

const bus = await busForFile()
const user = userOf(bus.url)

/** `/dev/full` takes nothing, as a full disk does. */
async function onFullDisk(...args: string[]) {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    env: { PATH: process.env['PATH'], HOME: emptyDir(), ...user.env },
    stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
  })
  let err = ''
  child.stderr!.on('data', chunk => (err += chunk))
  const code = await new Promise(resolve => child.on('close', resolve))
  return { code, err }
}

test.runIf(existsSync('/dev/full'))(
  'what is published is named, though standard output is full',
  async () => {
    const { code, err } = await onFullDisk('publish', 'job', '1')
    expect(code).toBe(8)
    const [, id] = /cannot be written \(ENOSPC\)\. It is published: ([0-9a-f]{32})/.exec(err)!
    expect((await bus.master.status(id!)).status).toBe('open')
  },
)

test.runIf(existsSync('/dev/full'))('so is a key that is made and was not shown', async () => {
  const { code, err } = await onFullDisk('keys', 'create', 'ada')
  expect([code, err]).toEqual([
    8,
    expect.stringMatching(/Key \d+ is made, but not shown\. Revoke it: .*keys revoke \d+/),
  ])
  expect(err).not.toContain('tk_')
})

test('a key goes to a new file that only its owner may read, and nowhere else', async () => {
  const file = join(emptyDir(), 'ada.key')
  const { code, out, err } = await user.run(['keys', 'create', 'ada', '--out', file])
  expect([code, out, err]).toEqual([0, '', expect.stringMatching(/^Key \d+ is in .*ada\.key\.\n$/)])
  const key = readFileSync(file, 'utf8')
  expect(key).toMatch(/^tk_\S+\n$/)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const env = { BUS_API_KEY_FILE: file, BUS_API_KEY: '' }
  expect((await user.run(['kv', 'get', 'none'], { env })).code).toBe(5)
  const successor = join(emptyDir(), 'next.key')
  const { out: rotated } = await user.run([
    '--json',
    'keys',
    'rotate',
    /\d+/.exec(err)![0],
    '--out',
    successor,
  ])
  const next = readFileSync(successor, 'utf8')
  expect(next).toMatch(/^tk_/)
  expect(rotated).not.toContain(next.trim())
})

test('a file that is there already is left as it is, and no key is made', async () => {
  const file = join(emptyDir(), 'kept')
  writeFileSync(file, 'mine')
  const before = (await user.json('keys', 'list')).length
  expect(await user.run(['keys', 'create', 'bob', '--out', file])).toMatchObject({
    code: 2,
    err: expect.stringContaining(`${file} is there already.`),
  })
  expect(readFileSync(file, 'utf8')).toBe('mine')
  expect(await user.json('keys', 'list')).toHaveLength(before)
})

test('JSON has no control that steers a terminal, and means the same', async () => {
  const value = 'a\u009b2J\u202eb\u2066c\u007f'
  expect(jsonText({ value })).toBe('{"value":"a\\u009b2J\\u202eb\\u2066c\\u007f"}')
  expect(JSON.parse(jsonText({ value }))).toEqual({ value })
  expect(plain(value)).toBe('a\ufffd2J\ufffdb\ufffdc\ufffd')
  await user.run(['kv', 'set', 'odd', value])
  const { out } = await user.run(['--json', 'kv', 'get', 'odd'])
  expect(out).toContain('\\u009b')
  expect((await user.run(['kv', 'get', 'odd'])).out).toBe(`${value}\n`)
})

test('an empty answer where there should be one is not the word of a bus', async () => {
  const gate = await Gate.before(bus.url)
  gate.mishaps.push(...Array(99).fill({ status: 204, headers: { 'x-intent-version': '7.61' } }))
  for (const args of [
    ['status', '0'.repeat(32)],
    ['publish', 'x', '1'],
  ])
    expect(await user.run([...args, '--timeout', '5'], { env: { BUS_URL: gate.url } })).toMatchObject({
      code: 3,
      err: expect.stringContaining('204 and nothing else'),
    })
})
