/** The harness at a real bus: in all its modes, and as it is called. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { ADMIN_TOKEN, busForFile, busForTest, MASTER } from '../../../service/test/support/bus.ts'
import { root } from '../../../service/test/support/root.ts'
import { BusClient } from '../stress/bus/bus-client.ts'
import type { BusTime } from '../stress/bus/bus-time.ts'
import { attempts } from '../stress/phases/attempts.ts'
import { load } from '../stress/phases/load.ts'
import { loadChecks } from '../stress/phases/load-checks.ts'
import type { LoadSpec } from '../stress/phases/load-run.ts'
import { profileOf } from '../stress/profiles.ts'
import type { Result } from '../stress/report/result.ts'
import { LyingBus } from './lying-bus.ts'

const bus = await busForFile()
const never = new AbortController().signal
const master = { key: MASTER, adminToken: ADMIN_TOKEN, sign: false }
const time: BusTime = { now: () => bus.clock.now(), wait: ms => bus.clock.advance(ms) }

const specOf = (namespace: string, given: Partial<LoadSpec> = {}): LoadSpec => ({
  access: { url: bus.url, ...master },
  profile: profileOf('custom', 6, 120),
  namespace,
  batch: 1,
  waitS: 0,
  rate: null,
  payloadBytes: 1000,
  workMs: 0,
  timeoutMs: 10_000,
  time,
  quietMs: 2000,
  verify: true,
  ...given,
})

const MODES: [what: string, given: Partial<LoadSpec>][] = [
  ['single claims', {}],
  ['claims of many', { batch: 20 }],
  ['long polls', { waitS: 30 }],
  ['long polls for many', { waitS: 30, batch: 20 }],
  ['a timetable', { rate: 2000 }],
  ['signed requests', { access: { url: '', ...master, sign: true } }],
]

test.each(MODES)('a bus that keeps its word passes by %s', async (what, given) => {
  // Signatures go by the clock on the wall, which is this machine's.
  bus.wallAheadMs = Date.now() - bus.clock.now()
  const spec = specOf(`by-${what.replaceAll(' ', '-')}`, given)
  const outcome = await load({ ...spec, access: { ...spec.access, url: bus.url } }, never)
  expect(loadChecks(outcome, 120).map(({ ok }) => ok)).toEqual(Array(8).fill(true))
  expect(outcome.counts).toMatchObject({ published: 120, claimed: 120, settled: 120, errors: 0 })
  expect(outcome.latencies['end to end'].count).toBe(120)
})

test('a bus that buries what failed twice passes, and is asked why there was nothing', async () => {
  const client = new BusClient({ url: bus.url, ...master }, 2, 10_000)
  onTestFinished(() => client.close())
  const checks = await attempts(client, 'fails', time, never)
  expect(checks.map(({ ok }) => ok)).toEqual(Array(7).fill(true))
  expect(checks.map(({ saw }) => saw)).toContain('204, because it is dead')
})

test('by a timetable every job goes when it is due, whatever the bus does meanwhile', async () => {
  const slow = await LyingBus.start(null)
  let arrived = 0
  let open = () => {}
  const all = new Promise<void>(resolve => {
    open = resolve
  })
  // Nobody is answered until all have come: who waits for an answer would wait for ever.
  slow.gate = async path => {
    if (path !== '/intent') return
    arrived += 1
    if (arrived === 120) open()
    await all
  }
  const { jobs, latencies } = await load(
    specOf('due', { access: { url: slow.url, ...master }, rate: 1000, verify: false }),
    never,
  )
  for (const [i, { intendedAt }] of jobs.entries()) expect(intendedAt - jobs[0]!.intendedAt).toBeCloseTo(i, 6)
  // The first of them waited for the last.
  expect(latencies.publish.percentile(1)).toBeGreaterThanOrEqual(119)
})

test('what a bus refuses is counted apart, and no job of it passes', async () => {
  const outcome = await load(specOf('large', { payloadBytes: 9000 }), never)
  expect(outcome.counts.kinds).toEqual({ 'publish 413 payload_too_large': 120 })
  expect(outcome.counts).toMatchObject({ publishRejects: 120, networkErrors: 0, published: 0 })
  expect(loadChecks(outcome, 120)[0]).toMatchObject({ ok: false, saw: '0 of 120' })
})

test('a key that is held to a rate gets its jobs done, and is not blamed on the bus', async () => {
  const strict = await busForTest({ BUS_RATE_LIMIT: '8', BUS_RATE_WINDOW_SECONDS: '1' })
  const { key } = await strict.issue()
  // The harness waits in earnest for as long as it is told to.
  const pace = setInterval(() => strict.clock.advance(50), 20)
  onTestFinished(() => clearInterval(pace))
  const access = { url: strict.url, key, adminToken: undefined, sign: false }
  const outcome = await load(specOf('held', { access, profile: profileOf('custom', 2, 5) }), never)
  expect(outcome.counts.rateLimits).toBeGreaterThan(0)
  expect(outcome.counts).toMatchObject({ networkErrors: 0, settled: 5 })
  expect(loadChecks(outcome, 5).filter(({ ok }) => ok === false)).toEqual([])
})

/** Passes on to a bus. `answer` may keep to itself that a settle was answered, or refuse it. */
async function between(url: string, answer: (path: string) => 'pass' | 'refuse' | 'lose'): Promise<string> {
  const server = createServer(async (request, response) => {
    const what = request.url!.startsWith('/fulfill/') ? answer(request.url!) : 'pass'
    if (what === 'refuse') return void response.writeHead(503).end()
    const body = await buffer(request)
    const { method = 'GET', headers } = request
    const passed = { 'x-api-key': `${headers['x-api-key']}`, 'content-type': 'application/json' }
    const reply = await fetch(url + request.url, {
      method,
      headers: { ...passed, 'idempotency-key': `${headers['idempotency-key'] ?? ''}` },
      ...(method === 'POST' ? { body } : {}),
    })
    if (what === 'lose') return void request.socket.destroy()
    const retryAfter = reply.headers.get('retry-after')
    response.writeHead(reply.status, retryAfter === null ? {} : { 'retry-after': retryAfter })
    response.end(await reply.text())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('what was refused and tried again counts for as long as all of it took, and a lost answer is no job without a latency', async () => {
  const seen = new Set<string>()
  const url = await between(bus.url, path => {
    if (seen.has(path)) return 'pass'
    seen.add(path)
    return seen.size <= 2 ? 'lose' : 'refuse'
  })
  const profile = profileOf('custom', 2, 6)
  const access = { url, ...master }
  const { counts, latencies } = await load(specOf('twice', { access, profile, quietMs: 300 }), never)
  expect(counts).toMatchObject({ networkErrors: 2, leaseLosses: 2, overloads: 4, settled: 4 })
  expect(latencies['end to end'].count).toBe(6)
  // The harness stays away for 100 ms before it tries again.
  expect(latencies.settle.percentile(0.01)).toBeGreaterThanOrEqual(99)
})

test('a job whose worker is gone is waited for until its lease and its backoff are over', async () => {
  const profile = profileOf('custom', 4, 450)
  const gone: string[] = []
  const pace = setInterval(() => gone.length > 0 && bus.clock.advance(1000), 20)
  onTestFinished(() => clearInterval(pace))
  const thief = async () => {
    while (gone.length < 7) {
      const claimed = await bus.master.post('/claim?goal=stress&namespace=gone')
      if (claimed.status === 200) gone.push(claimed.json.id)
    }
  }
  const theft = thief()
  const outcome = await load(specOf('gone', { profile, quietMs: 1000 }), never)
  await theft
  expect(loadChecks(outcome, 450).map(({ ok }) => ok)).toEqual(Array(8).fill(true))
  expect(outcome.counts).toMatchObject({ settled: 450, errors: 0 })
})

describe('as it is called', () => {
  const here = mkdtempSync(join(tmpdir(), 'stress-test-'))
  afterAll(() => rmSync(here, { recursive: true, force: true }))
  const json = join(here, 'result.json')
  const env = { PATH: process.env['PATH'], HOME: here, BUS_API_KEY: MASTER }

  async function call(args: string[], more: Record<string, string> = {}) {
    const argv = [join(root, 'ops/acceptance/stress/run.ts'), '--no-ceiling', '--json', json, ...args]
    const child = execFile(process.execPath, argv, { env: { ...env, ...more }, cwd: here })
    let printed = ''
    child.stdout!.on('data', chunk => {
      printed += chunk
    })
    const [code] = await once(child, 'close')
    const result = () => JSON.parse(readFileSync(json, 'utf8')) as Result
    return { code, printed, result, html: () => readFileSync(join(here, 'result.html'), 'utf8') }
  }

  test('without a target it starts a bus, restarts it, and leaves nothing of it', async () => {
    const { code, printed, result, html } = await call(['--profile', 'low', '--phases', '1a,2'])
    expect(code).toBe(0)
    expect(printed).toMatch(/success 100 %/)
    const [one] = result().buses
    expect(one!.phases[0]!.checks.map(({ what }) => what)).toContain(
      'after a restart, another body is refused (422)',
    )
    expect(one!.process!.startMs).toHaveLength(2)
    expect(one!.load).toMatchObject({ jobs: 50, settled: 50, successPercent: 100 })
    await expect(fetch(`${one!.url}/health`)).rejects.toThrow()
    // One file that asks for nothing else.
    expect(html()).toMatch(/<svg viewBox/)
    expect(html()).not.toMatch(/<script|<link|<img|src=|href=|@import|url\(/)
  })

  test('a bus that loses jobs ends it with 1', async () => {
    const liar = await LyingBus.start('loses')
    const { code, result } = await call(['--target', liar.url, '--profile', 'low', '--phases', '2'])
    expect(code).toBe(1)
    expect(result()).toMatchObject({ passed: false, buses: [{ load: { settled: 45, successPercent: 90 } }] })
  })

  test('at a bus that runs it says what it leaves, and purges it where it may', async () => {
    const args = ['--target', bus.url, '--profile', 'low', '--phases', '2']
    const intents = async () => (await bus.admin.get('/admin/overview')).json.intents.fulfilled
    const before = await intents()
    const without = await call(args)
    expect(without.printed).toMatch(/left behind +the intents of stress-[0-9a-f]{8}/)
    expect(await intents()).toBe(before + 50)
    const withToken = await call(args, { BUS_ADMIN_TOKEN: ADMIN_TOKEN })
    expect(withToken.result().buses[0]!.left).toMatch(/^nothing but idempotency keys/)
    expect(await intents()).toBe(before + 50)
  })

  test('two buses are run by turns, and compared', async () => {
    const args = [
      '--target',
      bus.url,
      '--against',
      bus.url,
      '--rounds',
      '3',
      '--profile',
      'low',
      '--phases',
      '2',
    ]
    const { code, printed, result } = await call(args)
    expect(code).toBe(0)
    expect(result().buses.map(({ load }) => load!.turns.length)).toEqual([3, 3])
    expect(result().ratios.map(({ what }) => what)).toEqual([
      'jobs/s',
      ...['publish', 'claim', 'settle', 'end to end'].flatMap(name => [`${name} p50`, `${name} p99`]),
    ])
    expect(printed).toMatch(/B against A, turn by turn/)
  })

  test('Ctrl-C ends it, with what was measured until then', async () => {
    const args = [
      '--target',
      bus.url,
      '--profile',
      'low',
      '--jobs',
      '1000000',
      '--phases',
      '2',
      '--no-ceiling',
    ]
    const child = spawn(
      process.execPath,
      [join(root, 'ops/acceptance/stress/run.ts'), '--json', json, ...args],
      {
        env,
        cwd: here,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    child.stderr.on('data', async chunk => {
      if (!`${chunk}`.includes('2 load')) return
      await expect
        .poll(async () => (await bus.admin.get('/admin/overview')).json.intents.fulfilled)
        .toBeGreaterThan(0)
      child.kill('SIGINT')
    })
    const [code] = await once(child, 'close')
    expect(code).toBe(130)
    const result = JSON.parse(readFileSync(json, 'utf8')) as Result
    expect(result).toMatchObject({
      interrupted: true,
      passed: false,
      buses: [{ phases: [{ verdict: 'stopped' }] }],
    })
    expect(result.buses[0]!.load!.published).toBeLessThan(1_000_000)
  })

  test.each([
    [['--profile', 'huge'], /--profile takes one of low, medium, heavy, extreme, custom; it got "huge"/],
    [['--workers', '0'], /--workers takes a whole number from 1 to 1000; it got "0"/],
    [['--limits', 'cpu=0'], /--limits takes cores and memory, as cpu=0.1,memory=512M/],
    [['--limits', 'cpu=1', '--target', 'http://localhost:1'], /leave out --target/],
    [['--target', 'bus.example.com'], /The address of a bus is one such as/],
    [['--tagret', 'http://localhost:1'], /Unknown option '--tagret'/],
  ])('%j is refused, with what it takes', async (args, told) => {
    const child = execFile(process.execPath, [join(root, 'ops/acceptance/stress/run.ts'), ...args], { env })
    let said = ''
    child.stderr!.on('data', chunk => {
      said += chunk
    })
    const [code] = await once(child, 'close')
    expect(code).toBe(2)
    expect(said).toMatch(told)
    expect(said).not.toMatch(/\n +at /)
  })
})
