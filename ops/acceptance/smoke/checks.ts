/** What has to be true of any bus that is open to clients, in the order in which it is looked at. */
import { call, expectStatus, Fault, fieldsOf } from './call.ts'
import { restartLosesNothing } from './restart.ts'
import type { Needed, Target } from './target.ts'
import { workIsDone, workIsWaitedFor } from './work.ts'

export type Check = {
  name: string
  needs: readonly Needed[]
  /** Leaves something in the bus, and is left out in production. */
  writes: boolean
  /** @returns what is worth saying @throws {Fault} */
  run: (target: Target) => Promise<string>
}

/** What the signatures of the protocol allow a clock. */
const CLOCK_S = 300
const NOBODY = '0'.repeat(32)
const REQUIRED_HEADERS = {
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
} as const

export const CHECKS: readonly Check[] = [
  { name: 'it is well', needs: [], writes: false, run: health },
  { name: 'answers carry the security headers', needs: [], writes: false, run: headers },
  { name: 'it is closed without a key', needs: [], writes: false, run: closed },
  { name: 'the key opens it', needs: ['key'], writes: false, run: keyOpens },
  { name: 'the admin token opens it', needs: ['adminToken'], writes: false, run: adminOpens },
  {
    name: 'the metrics can be read, by their token alone',
    needs: ['metricsToken'],
    writes: false,
    run: metrics,
  },
  { name: 'a job is published, claimed and fulfilled', needs: ['key'], writes: true, run: workIsDone },
  { name: 'a worker that waits gets a job at once', needs: ['key'], writes: true, run: workIsWaitedFor },
  {
    name: 'a restart drains, and loses nothing',
    needs: ['key', 'restart'],
    writes: true,
    run: restartLosesNothing,
  },
]

async function health({ url }: Target): Promise<string> {
  const reply = await call(url, '/health')
  expectStatus(reply, 200, 'GET /health')
  const { ok, ts, version } = fieldsOf(reply, 'GET /health')
  if (ok !== true || typeof version !== 'string') throw new Fault(`GET /health: ${reply.text}`)
  const offS = Math.abs(Number(ts) - Date.now() / 1000)
  if (!(offS <= CLOCK_S))
    throw new Fault(`its clock is ${Math.round(offS)} s off this machine's: signed requests fail`)
  expectStatus(await call(url, '/health/live'), 200, 'GET /health/live')
  expectStatus(await call(url, '/health/ready'), 200, 'GET /health/ready')
  return `version ${version}`
}

async function headers({ url }: Target): Promise<string> {
  const asked = `smoke-${process.pid}`
  for (const path of ['/health', '/', `/status/${NOBODY}`, '/admin/overview']) {
    const { headers } = await call(url, path, { headers: { 'x-request-id': asked } })
    for (const [name, value] of Object.entries(REQUIRED_HEADERS)) {
      const got = headers.get(name)
      if (got !== value) throw new Fault(`GET ${path}: ${name} is ${value}; it was ${got}`)
    }
    if (!headers.has('x-intent-version')) throw new Fault(`GET ${path}: X-Intent-Version is missing`)
    const echoed = headers.get('x-request-id')
    if (echoed !== asked) throw new Fault(`GET ${path}: X-Request-ID is what was sent; it was ${echoed}`)
    if (headers.has('x-powered-by')) throw new Fault(`GET ${path}: X-Powered-By tells what it is made of`)
  }
  return ''
}

async function closed({ url }: Target): Promise<string> {
  const body = { goal: 'smoke', payload: 'nobody may publish this' }
  const doors = [
    ['POST', '/intent', body],
    ['POST', '/claim', undefined],
    ['GET', `/status/${NOBODY}`, undefined],
    ['GET', '/get/smoke', undefined],
    ['GET', '/metrics', undefined],
    ['GET', '/admin/overview', undefined],
    ['GET', '/no-such-route', undefined],
  ] as const
  for (const [method, path, sent] of doors) {
    const reply = await call(url, path, { method, body: sent })
    expectStatus(reply, 401, `${method} ${path} without a key`)
    const { error } = fieldsOf(reply, `${method} ${path}`)
    if (typeof (error as { code?: unknown })?.code !== 'string')
      throw new Fault(`${path}: an error without a code`)
  }
  const wrong = { 'x-api-key': 'tk_this-key-was-never-issued' }
  expectStatus(
    await call(url, '/claim', { method: 'POST', headers: wrong }),
    401,
    'POST /claim with a wrong key',
  )
  return `${doors.length + 1} doors`
}

async function keyOpens({ url, key }: Target): Promise<string> {
  const reply = await call(url, `/status/${NOBODY}`, { headers: { 'x-api-key': key! } })
  expectStatus(reply, 404, 'GET /status of no intent, with the key,')
  return ''
}

async function adminOpens({ url, key, adminToken }: Target): Promise<string> {
  const reply = await call(url, '/admin/overview', { headers: { 'x-admin-token': adminToken! } })
  expectStatus(reply, 200, 'GET /admin/overview with the admin token')
  if (key !== undefined && key !== adminToken) {
    const byKey = await call(url, '/admin/overview', { headers: { 'x-api-key': key } })
    expectStatus(byKey, 401, 'GET /admin/overview with an API key')
  }
  return ''
}

async function metrics({ url, metricsToken }: Target): Promise<string> {
  const bearer = { authorization: `Bearer ${metricsToken}` }
  const reply = await call(url, '/metrics', { headers: bearer })
  expectStatus(reply, 200, 'GET /metrics with its token')
  for (const name of ['intent_bus_depth', 'intent_bus_store_up', 'process_start_time_seconds']) {
    if (!reply.text.includes(`# TYPE ${name} `)) throw new Fault(`GET /metrics: there is no ${name}`)
  }
  expectStatus(
    await call(url, '/admin/overview', { headers: bearer }),
    401,
    'GET /admin/overview with that token',
  )
  return `${reply.text.match(/^# TYPE /gm)?.length} metrics`
}
