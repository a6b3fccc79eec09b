import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { KeptPlace, pagesOf } from '@intent-bus/service/test/hostile/damaged-pages'
import { busForTest, MASTER } from '@intent-bus/service/test/support/bus'
import { describe, expect, onTestFinished, test } from 'vitest'
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

test('passes on what a bus that is ready warns of', async () => {
  const { url } = await busOfToday({ BUS_MIN_FREE_DISK_BYTES: `${2 ** 50}` })
  const { of } = await examined(url)
  expect(of('ready')).toMatchObject({ state: 'warning', detail: expect.stringContaining('disk_low') })
})

test('names the page on damage for a bus that warns of damage', async () => {
  const place = new KeptPlace()
  const bus = await busForTest({ BUS_MAX_PAYLOAD_BYTES: '65536' }, place)
  await bus.master.publish({ payload: 'x'.repeat(20_000) })
  await bus.stop()
  for (const page of pagesOf(place.path)) if (page.kind === 'overflow') place.damage(page)
  await bus.start()
  bus.clock.skip(Date.now() - bus.clock.now())
  expect(await bus.master.claim()).toBeNull()
  expect((await examined(bus.url)).of('ready')).toMatchObject({
    state: 'warning',
    detail: expect.stringContaining('store_damaged'),
    cure: 'docs/operations/corrupt-database.md',
  })
})

test('finds secrets of the bus that can be guessed, with the admin token alone', async () => {
  const { url } = await busOfToday({ DASHBOARD_PASSWORD: 'eleven-char' })
  const { code, of, findings } = await examined(url)
  expect([code, of('secrets')]).toEqual([
    0,
    {
      check: 'secrets',
      state: 'warning',
      detail: expect.stringContaining('DASHBOARD_PASSWORD'),
      cure: expect.stringContaining('SECURITY.md'),
    },
  ])
  expect(JSON.stringify(findings)).not.toContain('eleven-char')
  expect((await examined(url, { BUS_ADMIN_TOKEN: '' })).of('secrets')).toBeUndefined()
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
  const nginx = createServer((_request, response) => response.end('<html>Welcome to nginx</html>'))
  const { code, of } = await examined(`http://${await listening(nginx)}`)
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
  const near = await busOfToday({}, -180_000)
  expect((await examined(near.url)).of('clock')).toMatchObject({
    state: 'warning',
    detail: expect.stringContaining('3 min behind'),
  })
})

test('finds a wrong key and a wrong admin token, and shows neither', async () => {
  const { url } = await busOfToday()
  const { code, of, findings } = await examined(url, {
    BUS_API_KEY: 'tk_wrong',
    BUS_ADMIN_TOKEN: 'wrong-token',
  })
  expect([code, of('key')!.state, of('admin token')!.state]).toEqual([4, 'failed', 'failed'])
  expect(of('key')!.cure).toContain('it came from BUS_API_KEY.')
  expect(of('admin token')!.cure).toContain('this one came from BUS_ADMIN_TOKEN.')
  // With a key like that it would say nothing.
  expect(of('signature')!.state).toBe('skipped')
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

test('finds that the key may not call just now, at once', async () => {
  const bus = await busOfToday({ BUS_RATE_LIMIT: '1' })
  const { json } = await bus.admin.post('/admin/generate_key', { owner: 'Ada' })
  const env = { BUS_API_KEY: json.api_key }
  expect((await userOf(bus.url).run(['status', '0'.repeat(32)], { env })).code).toBe(5)
  const { code, of } = await examined(bus.url, env)
  expect([code, of('key'), of('signature')!.state]).toEqual([
    6,
    {
      check: 'key',
      state: 'warning',
      detail: expect.stringMatching(
        /^Too many requests\. Try again in 60 s\. .* --rate 600 \(rate_limited\)$/,
      ),
      cure: expect.stringMatching(/^Whatever else calls/),
    },
    'skipped',
  ])
})

test('finds that the bus wants signed requests, and would take them', async () => {
  const { url } = await busOfToday({ BUS_REQUIRE_SIGNATURES: 'true' })
  const { of } = await examined(url)
  expect(of('key')).toMatchObject({ state: 'failed', cure: expect.stringContaining('--sign') })
  expect(of('signature')!.state).toBe('ok')
})

describe('an address that is nearly right', () => {
  test('https where there is no TLS', async () => {
    const { url } = await busOfToday()
    const { code, of } = await examined(url.replace('http:', 'https:'))
    expect([code, of('reachable')!.cure]).toEqual([3, `It speaks no TLS there: use ${url}`])
  })

  test('a path that no bus is under', async () => {
    const { url } = await busOfToday()
    const { of } = await examined(`${url}/admin/dashboard`)
    expect(of('reachable')!.cure).toBe(`A bus answers without the path /admin/dashboard: use ${url}`)
  })

  test('http where there is TLS; then, a certificate that nobody knows', async ctx => {
    const pem = selfSigned()
    if (pem === null) return ctx.skip('openssl is not installed')
    const url = await listening(createTlsServer(pem, (_request, response) => response.end()))
    const { of } = await examined(`http://${url}`)
    expect(of('reachable')!.cure).toBe(`It speaks TLS there: use https://${url}`)
    expect((await examined(`https://${url}`)).of('reachable')!.cure).toContain('NODE_EXTRA_CA_CERTS')
  })
})

function selfSigned(): { key: string; cert: string } | null {
  const dir = emptyDir()
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
  const request =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost'
  try {
    execFileSync('openssl', [...request.split(' '), '-keyout', key, '-out', cert], { stdio: 'ignore' })
  } catch {
    return null
  }
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
}

/** @returns its host and port */
async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}
