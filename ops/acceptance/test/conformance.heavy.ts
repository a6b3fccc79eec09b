/** The conformance run from outside: it proves what it says, finds what is not so, and empties no bus unasked. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { BusProcess } from '../../../service/test/support/bus-process.ts'
import { Client } from '../../../service/test/support/client.ts'
import { root } from '../../../service/test/support/root.ts'

const dir = mkdtempSync(join(tmpdir(), 'conformance-'))
const bus = new BusProcess(dir, { PORT: '0' })
const url = `http://127.0.0.1:${await bus.ready()}`
const secrets = parseEnv(readFileSync(join(dir, 'data/secrets.env'), 'utf8'))
const keys = {
  BUS_API_KEY: secrets['BUS_SECRET'],
  BUS_ADMIN_TOKEN: secrets['BUS_ADMIN_SECRET'],
  BUS_METRICS_TOKEN: secrets['BUS_METRICS_TOKEN'],
}
const master = new Client(url, { 'x-api-key': keys.BUS_API_KEY! })
const admin = new Client(url, { 'x-admin-token': keys.BUS_ADMIN_TOKEN! })

afterAll(async () => {
  await bus.kill()
  rmSync(dir, { recursive: true, force: true })
})
beforeEach(() => admin.post('/admin/purge', { confirm: true }))

function conformance(args: string[], env: Record<string, string | undefined> = keys) {
  return new Promise<{ code: number; said: string }>(resolve => {
    const clean = { PATH: process.env['PATH'], INTENT_BUS_CONFIG: '/nonexistent/config.json', ...env }
    execFile(
      process.execPath,
      ['ops/acceptance/conformance/run.ts', ...args],
      { cwd: root, env: clean },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), said: stdout + stderr }),
    )
  })
}

test('it puts the protocol to a bus, says what it proved and what it left out, and leaves the bus empty', async () => {
  const { code, said } = await conformance([url, '--only', 'settling'])
  expect(said).toMatch(/^ok settling: [4-9]\d proved, \d left out$/m)
  expect(said).toMatch(/^ {3}\d: it takes a bus of its own$/m)
  expect(said).toMatch(/^[4-9]\d proved, 0 not, \d left out$/m)
  expect(code).toBe(0)
  expect((await admin.get('/admin/overview')).json.namespace_count).toBe(0)
})

test('what the password opens is proved where it is given, and left out where it is not', async () => {
  const without = await conformance([url, '--only', 'dashboard.test'])
  expect(without.said).toMatch(/^ {3}\d\d: DASHBOARD_PASSWORD is not set$/m)
  const env = { ...keys, DASHBOARD_PASSWORD: secrets['DASHBOARD_PASSWORD'] }
  const { code, said } = await conformance([url, '--only', 'dashboard.test'], env)
  expect(said).toMatch(/^ok dashboard: \d\d proved/m)
  expect(code).toBe(0)
})

test('an answer that is not as the protocol says is named, and the run ends with 1', async () => {
  const env = { ...keys, BUS_METRICS_TOKEN: 'not-the-token-of-this-bus-0123456789' }
  const { code, said } = await conformance([url, '--only', '/metrics.test'], env)
  expect(said).toMatch(/^NO metrics: /m)
  expect(said).toMatch(/^ {6}expected .*unauthorized.* to contain/m)
  expect(code).toBe(1)
})

test('a run that proved nothing is no success', async () => {
  const { code, said } = await conformance([url, '--only', 'draining'])
  expect(said).toContain('0 proved, 0 not, 3 left out')
  expect(code).toBe(1)
})

test('a bus that holds work is left as it is, until --erase says that it may go', async () => {
  const id = await master.publish({ namespace: 'photos' })
  const refused = await conformance([url, '--only', 'settling'])
  expect(refused).toMatchObject({ code: 2, said: expect.stringContaining('holds intents, in photos') })
  expect(await master.status(id)).toMatchObject({ status: 'open' })
  expect((await conformance([url, '--only', 'settling', '--erase'])).code).toBe(0)
  expect((await master.get(`/status/${id}`)).status).toBe(404)
})

test.each([
  [[], keys, 'It takes one URL'],
  [[url], { ...keys, BUS_METRICS_TOKEN: undefined }, 'BUS_METRICS_TOKEN are needed'],
  [[url], { ...keys, BUS_ADMIN_TOKEN: 'wrong' }, 'GET /admin/overview with the admin token is 200'],
  [['http://127.0.0.1:9'], keys, 'no answer'],
])('wrongly called with %j it says how, and ends with 2', async (args, env, line) => {
  expect(await conformance(args, env)).toMatchObject({ code: 2, said: expect.stringContaining(line) })
})
