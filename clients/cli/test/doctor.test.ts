import { chmodSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { busForTest, MASTER } from '../../../service/test/support/bus.ts'
import { emptyDir, start, userOf } from './support/run.ts'

type Finding = { check: string; state: string; detail: string; cure?: string }

async function examined(url: string, env: Record<string, string> = {}) {
  const { out, code } = await userOf(url).run(['--json', 'doctor'], { env })
  const findings = JSON.parse(out) as Finding[]
  return { code, of: (check: string) => findings.find(finding => finding.check === check), findings }
}

async function busOfToday(env: Record<string, string> = {}, aheadMs = 0) {
  const bus = await busForTest(env)
  bus.clock.skip(Date.now() - bus.clock.now() + aheadMs)
  return bus
}

test('finds a bus that is well, with all that it was given', async () => {
  const { url } = await busOfToday({ BUS_REQUIRE_SIGNATURES: 'true' })
  const { code, findings } = await examined(url, { BUS_SIGN: 'true' })
  expect(findings.map(({ check, state }) => [check, state])).toEqual([
    ['settings', 'ok'],
    ['reachable', 'ok'],
    ['clock', 'ok'],
    ['ready', 'ok'],
    ['key', 'ok'],
    ['signature', 'ok'],
    ['admin token', 'ok'],
  ])
  expect(code).toBe(0)
})

test('finds that nobody is there', async () => {
  const { code, of } = await examined('http://127.0.0.1:9')
  expect([code, of('reachable')]).toEqual([
    3,
    expect.objectContaining({ state: 'failed', cure: expect.stringContaining('/health') }),
  ])
  expect(of('key')).toBeUndefined()
})

test('finds that something else is there', async () => {
  const server = createServer((_request, response) => response.end('<html>Welcome to nginx</html>')).listen(
    0,
    '127.0.0.1',
  )
  onTestFinished(() => void server.close())
  await new Promise(resolve => server.once('listening', resolve))
  const { code, of } = await examined(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  expect([code, of('reachable')!.detail]).toEqual([3, expect.stringContaining('Welcome to nginx')])
})

test('finds a clock that is off, and says by how much', async () => {
  const far = await busOfToday({}, 900_000)
  const { code, of } = await examined(far.url)
  expect(of('clock')).toMatchObject({ state: 'failed', detail: expect.stringContaining('15 min ahead') })
  expect(of('signature')).toMatchObject({
    state: 'failed',
    detail: expect.stringContaining('Stale timestamp'),
  })
  expect(code).not.toBe(0)
  const near = await busOfToday({}, -60_000)
  expect((await examined(near.url)).of('clock')).toMatchObject({
    state: 'warning',
    detail: expect.stringContaining('60 s behind'),
  })
})

test('finds a wrong key and a wrong admin token, and shows neither', async () => {
  const { url } = await busOfToday()
  const { code, of, findings } = await examined(url, {
    BUS_API_KEY: 'tk_wrong',
    BUS_ADMIN_TOKEN: 'wrong-token',
  })
  expect([code, of('key')!.state, of('admin token')!.state]).toEqual([4, 'failed', 'failed'])
  expect(JSON.stringify(findings)).not.toMatch(/tk_wrong|wrong-token/)
})

test('finds that there is no key, and no admin token', async () => {
  const { url } = await busOfToday()
  const { out, code } = await start(['doctor'], { env: { BUS_URL: url } }).ended
  expect(code).toBe(2)
  expect(out).toMatch(/✗ settings .*there is no key\n.*profile add/)
  expect(out).toMatch(/- admin token +there is none/)
})

test('warns of a key in the clear and of a config file that others may read', async () => {
  const dir = emptyDir()
  const INTENT_BUS_CONFIG = join(dir, 'config.json')
  writeFileSync(
    INTENT_BUS_CONFIG,
    JSON.stringify({ default: 'p', profiles: { p: { url: 'http://bus.invalid', key: MASTER } } }),
  )
  chmodSync(INTENT_BUS_CONFIG, 0o644)
  const { out } = await start(['doctor'], { env: { INTENT_BUS_CONFIG } }).ended
  expect(out).toContain(`chmod 600 ${INTENT_BUS_CONFIG}`)
  expect(out).toContain('! privacy')
})
