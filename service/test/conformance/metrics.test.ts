import { describe, expect, test } from 'vitest'
import { METRICS } from '../../metrics/catalogue.ts'
import { createMetrics } from '../../metrics/metrics.ts'
import { busForFile, busForTest, METRICS_TOKEN } from '../support/bus.ts'
import { PATIENT } from '../support/patience.ts'
import { rawCall } from '../support/raw.ts'

const bus = await busForFile()
const { master, nobody } = bus

const scrape = async () => (await nobody.get('/metrics', { authorization: `Bearer ${METRICS_TOKEN}` })).text

describe('the scrape holds the catalogue and nothing else of its name', async () => {
  const text = await scrape()
  const again = `${text}${await scrape()}`

  test.each(METRICS)('$name', ({ name, kind, help, labels }) => {
    expect(again).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`)
    const suffix = kind === 'histogram' ? '_(?:bucket|sum|count)' : ''
    const series = [...again.matchAll(new RegExp(`^${name}${suffix}(?:\\{(.*)\\})? \\S+$`, 'gm'))]
    expect(series).not.toEqual([])
    for (const [, inside = ''] of series) {
      const names = [...inside.matchAll(/(\w+)="/g)].map(match => match[1]).filter(each => each !== 'le')
      expect(names.sort()).toEqual([...labels].sort())
    }
  })

  test('each family stands once, and ours are all in the catalogue', () => {
    const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map(match => match[1]!)
    expect(new Set(families).size).toBe(families.length)
    const ours = families.filter(name => name.startsWith('intent_bus_'))
    expect(ours.sort()).toEqual(METRICS.map(({ name }) => name).sort())
  })

  test('the event loop, the memory and the processor are there under their usual names', () => {
    for (const name of [
      'nodejs_eventloop_lag_p99_seconds',
      'process_resident_memory_bytes',
      'process_cpu_seconds_total',
    ])
      expect(text).toContain(`\n${name} `)
  })
})

describe('the duration of requests', () => {
  const of = (labels: string) => bus.metric(`intent_bus_http_request_duration_seconds_count{${labels}}`)

  test('is by method, route template and status', async () => {
    const labels = 'method="GET",route="/status/:id",status="404"'
    const before = (await of(labels)) ?? 0
    await master.get(`/status/${'0'.repeat(32)}`)
    await master.get(`/status/${'1'.repeat(32)}`)
    await expect.poll(() => of(labels), PATIENT).toBe(before + 2)
  })

  test('grows no series for addresses and methods that somebody makes up', async () => {
    const series = async () =>
      (await scrape())
        .split('\n')
        // The look itself is counted at some time after it.
        .filter(
          line => line.includes('http_request_duration_seconds_count{') && !line.includes('route="/metrics"'),
        )
        .map(line => line.slice(line.indexOf('{'), line.lastIndexOf(' ')))
    const labels = 'method="other",route="unmatched",status="401"'
    expect((await of(labels)) ?? 0).toBe(0)
    for (const method of ['PROPFIND', 'MKCOL', 'REPORT']) {
      for (const path of ['/a', '/b', '/health', '/intent']) {
        await rawCall(bus.port, `${method} ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
      }
    }
    await expect.poll(() => of(labels), PATIENT).toBe(12)
    const known = await series()
    for (let i = 0; i < 20; i += 1) await nobody.get(`/made-up/${i}`)
    await nobody.post(`/${'x'.repeat(200)}`)
    await expect.poll(() => of('method="GET",route="unmatched",status="401"'), PATIENT).toBe(20)
    await expect.poll(() => of('method="POST",route="unmatched",status="401"'), PATIENT).toBe(1)
    expect((await series()).filter(each => !known.includes(each))).toEqual([
      '{method="GET",route="unmatched",status="401"}',
      '{method="POST",route="unmatched",status="401"}',
    ])
  })
})

test('each secret has a series, which is 1 when it is short enough to be guessed', async () => {
  const bus = await busForTest({ DASHBOARD_PASSWORD: 'eleven-char' })
  const names = ['BUS_SECRET', 'BUS_ADMIN_SECRET', 'DASHBOARD_PASSWORD', 'BUS_METRICS_TOKEN']
  const values = names.map(name => bus.metric(`intent_bus_short_secrets{name="${name}"}`))
  expect(await Promise.all(values)).toEqual([0, 0, 1, 0])
})

test.each([
  ['fails', () => Promise.reject(new Error('gone'))],
  ['hangs', () => new Promise<never>(() => {})],
])('a store that %s does not keep the scrape from saying so', async (_how, stats) => {
  const metrics = createMetrics({ version: 'test', patienceMs: 5 })
  const none = () => 0
  metrics.watch({
    stats,
    depths: () => Promise.resolve([]),
    queued: () => 7,
    waitingClaims: none,
    issuedKeys: none,
    isInMaintenance: () => false,
    damage: () => ({ intents: 0, parts: [] }),
    waitingByNamespace: () => new Map(),
    connections: () => 0,
    shortSecrets: {},
    now: none,
  })
  const text = await metrics.text()
  expect(text).toContain('\nintent_bus_store_up 0\n')
  expect(text).toContain('\nintent_bus_queued_operations 7\n')
})
