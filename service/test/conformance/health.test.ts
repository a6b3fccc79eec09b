import { expect, test } from 'vitest'
import { busForFile, busForTest } from '../support/bus.ts'

const bus = await busForFile()

test('whoever opens the bus itself is told its name, and where to look; what it names is there', async () => {
  const { status, text, headers } = await bus.nobody.get('/')
  expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8'])
  expect(text.split('\n')[0]).toBe(`Intent Bus ${bus.version}`)
  const paths = [...text.matchAll(/^\/\S+/gm)].map(([path]) => path)
  expect(paths).toEqual(['/admin/dashboard', '/openapi.json', '/health'])
  for (const path of paths) expect((await bus.admin.get(path)).status).toBe(200)
})

test('health says that it is well, what time it is and which version runs', async () => {
  bus.wallAheadMs = 1250
  const answer = await bus.nobody.get('/health')
  expect(answer.status).toBe(200)
  expect(answer.json).toEqual({ ok: true, ts: (bus.clock.now() + 1250) / 1000, version: bus.version })
})

test.each(['/health', '/health/live', '/health/ready'])(
  '%s is open to all, in maintenance too',
  async path => {
    const closed = await busForTest({ BUS_MAINTENANCE_MODE: 'true' })
    for (const asked of [bus, closed]) {
      const answer = await asked.nobody.get(path)
      expect(answer.status).toBe(200)
      expect(answer.json.ok).toBe(true)
    }
  },
)

test('a bus that can work is ready, for no reason', async () => {
  const answer = await bus.nobody.get('/health/ready')
  expect([answer.status, answer.json]).toEqual([
    200,
    { ok: true, reasons: [], warnings: [], maintenance: false },
  ])
})

test('/healthz, /livez and /readyz are the same without a key', async () => {
  const { admin, nobody } = await busForTest()
  expect((await nobody.get('/healthz')).json).toEqual((await nobody.get('/health')).json)
  for (const [alias, path] of [
    ['/livez', '/health/live'],
    ['/readyz', '/health/ready'],
  ] as const) {
    const [answer, same] = [await nobody.get(alias), await nobody.get(path)]
    expect([answer.status, answer.json]).toEqual([same.status, same.json])
  }
  await admin.post('/admin/maintenance', { on: true })
  for (const path of ['/healthz', '/livez', '/readyz']) expect((await nobody.get(path)).status).toBe(200)
})

test('a bus that drains is not ready, and alive', async () => {
  const stopping = await busForTest()
  await stopping.broker.drain()
  for (const path of ['/health/ready', '/readyz']) {
    const answer = await stopping.nobody.get(path)
    expect([answer.status, answer.json]).toEqual([
      503,
      { ok: false, reasons: ['draining'], warnings: [], maintenance: false },
    ])
  }
  expect((await stopping.nobody.get('/health/live')).status).toBe(200)
})

test('reasons and warnings are told apart', async () => {
  const stopping = await busForTest({ BUS_MIN_FREE_DISK_BYTES: '1125899906842624' })
  await stopping.broker.drain()
  expect((await stopping.nobody.get('/health/ready')).json).toMatchObject({
    reasons: ['draining'],
    warnings: ['disk_low'],
  })
})

test('a bus whose store cannot answer is not ready, until it can again', async () => {
  const broken = await busForTest()
  const room = broken.store.room
  broken.store.room = () => Promise.reject(new Error('gone'))
  const answer = await broken.nobody.get('/health/ready')
  expect([answer.status, answer.json]).toEqual([
    503,
    { ok: false, reasons: ['store_unavailable'], warnings: [], maintenance: false },
  ])

  broken.store.room = room
  expect((await broken.nobody.get('/health/ready')).status).toBe(200)
})

test('a store that hangs makes the bus not ready after a second, and is asked once however many probe', async () => {
  const stuck = await busForTest()
  let questions = 0
  const asked = new Promise<void>(resolve => {
    stuck.store.room = () => {
      questions += 1
      resolve()
      return new Promise(() => {})
    }
  })
  const first = stuck.nobody.get('/health/ready')
  await asked
  expect((await stuck.nobody.get('/health/live')).status).toBe(200)
  await stuck.clock.advance(1000)
  const answer = await first
  expect([answer.status, answer.json]).toEqual([
    503,
    { ok: false, reasons: ['store_unavailable'], warnings: [], maintenance: false },
  ])

  const waiting = stuck.clock.waiting
  const more = Array.from({ length: 5 }, () => stuck.nobody.get('/health/ready'))
  await expect.poll(() => stuck.clock.waiting).toBe(waiting + 5)
  await stuck.clock.advance(1000)
  for (const { status } of await Promise.all(more)) expect(status).toBe(503)
  expect(questions).toBe(1)
})

test('probes of one second share one look at the store: anybody may send them', async () => {
  const probed = await busForTest()
  const { room } = probed.store
  let questions = 0
  probed.store.room = () => {
    questions += 1
    return room()
  }
  for (let i = 0; i < 20; i += 1) expect((await probed.nobody.get('/health/ready')).status).toBe(200)
  expect(questions).toBe(1)
  await probed.clock.advance(1000)
  await probed.nobody.get('/health/ready')
  expect(questions).toBe(2)
})

test('the log tells when the bus becomes unready and ready again, once each', async () => {
  const broken = await busForTest()
  const room = broken.store.room
  const said = () =>
    broken.log
      .map(line => JSON.parse(line))
      .filter(line => /ready/.test(line.msg))
      .map(line => [line.level, line.msg, line.reasons])
  const probe = () => broken.nobody.get('/health/ready')

  await probe()
  expect(said()).toEqual([])
  broken.store.room = () => Promise.reject(new Error('gone'))
  await broken.clock.advance(1000)
  await probe()
  await probe()
  broken.store.room = room
  await probe()
  await probe()
  expect(said()).toEqual([
    [40, 'not ready', ['store_unavailable']],
    [30, 'ready again', undefined],
  ])
})
