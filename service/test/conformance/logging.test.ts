import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { openLineSink } from '../../log/line-sink.ts'
import { openLogger } from '../../log/logger.ts'
import { StorageError } from '../../store/store.ts'
import { busForFile, busForTest, METRICS_TOKEN, type TestBus } from '../support/bus.ts'
import { BusProcess } from '../support/bus-process.ts'
import { Client } from '../support/client.ts'

const [DEBUG, INFO, WARN, ERROR] = [20, 30, 40, 50]

const bus = await busForFile()
const { master, nobody, admin } = bus

beforeEach(async () => {
  bus.log.length = 0
})

const lines = (of: TestBus) => of.log.map(line => JSON.parse(line))
/** A line is written when the answer is out, which its reader may see first. */
async function requestLine(of: TestBus = bus) {
  await expect.poll(() => lines(of).some(line => line.msg === 'request')).toBe(true)
  return lines(of).find(line => line.msg === 'request')
}

test('a request is one line with its id, method, route, status and duration', async () => {
  const answer = await master.post('/intent', { goal: 'work', payload: {} }, { 'x-request-id': 'mine-1' })
  expect(answer.status).toBe(201)
  expect(await requestLine()).toEqual({
    level: DEBUG,
    time: expect.any(Number),
    pid: expect.any(Number),
    hostname: expect.any(String),
    reqId: 'mine-1',
    method: 'POST',
    route: '/intent',
    status: 201,
    ms: expect.any(Number),
    msg: 'request',
  })
  expect(bus.log).toHaveLength(1)
})

test('the id is the one that the answer carries', async () => {
  const answer = await nobody.get('/health')
  expect((await requestLine()).reqId).toBe(answer.headers.get('x-request-id'))
})

test('the route is the template, and the intent a field of its own', async () => {
  const id = '0'.repeat(32)
  await master.post(`/fulfill/${id}`, { claim_token: 'x' })
  expect(await requestLine()).toMatchObject({ route: '/fulfill/:id', intent: id })
})

test("a value's key, a query and what is no intent's id are not in the line", async () => {
  await master.get('/get/private-key?token=private-query')
  await master.get('/status/private-id')
  await expect.poll(() => bus.log.length).toBe(2)
  expect(bus.log.join()).not.toContain('private')
})

test('a refused request says where it came from', async () => {
  await nobody.get('/get/x')
  expect(await requestLine()).toMatchObject({ status: 401, ip: '127.0.0.1' })
})

describe('what a worker does all day stays below info', () => {
  test.each([
    ['an empty claim', 204, () => master.post('/claim?namespace=nobody')],
    ['a publish', 201, () => master.post('/intent', { goal: 'work', payload: {} })],
    ['a stored value', 200, () => master.post('/set/k', { value: 'v' })],
    ['a value that is not there', 404, () => master.get('/get/absent')],
    ['a health check', 200, () => nobody.get('/health')],
    ['a probe', 200, () => nobody.get('/health/ready')],
    ['a scrape', 200, () => nobody.get('/metrics', { authorization: `Bearer ${METRICS_TOKEN}` })],
    ['a look at the dashboard', 200, () => admin.get('/admin/dashboard')],
  ])('%s', async (_what, status, act) => {
    expect((await act()).status).toBe(status)
    expect(await requestLine()).toMatchObject({ level: DEBUG, status })
  })
})

describe('what an operator may have to do with is info', () => {
  const nothing = '0'.repeat(32)
  test.each([
    ['a wrong key', 401, () => new Client(bus.url, { 'x-api-key': 'wrong' }).get('/get/x')],
    ['a wrong token at the metrics', 401, () => nobody.get('/metrics', { authorization: 'Bearer no' })],
    ['a malformed request', 400, () => master.post('/intent', '{')],
    ['a lease that was lost', 404, () => master.post(`/fail/${nothing}`, { claim_token: 'x' })],
    ['a wrong address', 404, () => master.get('/no/such/thing')],
    ['a key that was issued', 201, () => admin.post('/admin/generate_key', { owner: 'Ada' })],
    ['a cleanup', 200, () => admin.post('/admin/cleanup')],
  ])('%s', async (_what, status, act) => {
    expect((await act()).status).toBe(status)
    expect(await requestLine()).toMatchObject({ level: INFO, status })
  })
})

test('an intent that an admin cancelled is named', async () => {
  const id = await master.publish()
  await requestLine()
  bus.log.length = 0
  await admin.post(`/admin/intents/${id}/cancel`)
  expect(await requestLine()).toMatchObject({ level: INFO, route: '/admin/intents/:id/cancel', intent: id })
})

test('a request that the disk refused is a warning', async () => {
  const full = await busForTest()
  full.store.refuse = new StorageError('full', 'disk full')
  await full.master.post('/intent', { goal: 'work', payload: {} })
  expect(await requestLine(full)).toMatchObject({ level: WARN, status: 503 })
})

test('an unexpected error is an error with its stack, under the id of its request; the answer keeps it to itself', async () => {
  const broken = await busForTest()
  broken.store.refuse = new Error('a bug of ours')
  const answer = await broken.master.post('/intent', { goal: 'work', payload: {} })
  expect(answer.status).toBe(500)
  expect(answer.text).not.toContain('a bug of ours')
  const request = await requestLine(broken)
  expect(request).toMatchObject({ level: WARN, status: 500 })
  // The store's own line, which no request has alone, comes first.
  const error = lines(broken).find(line => line.level === ERROR && line.reqId !== undefined)
  expect(error).toMatchObject({ reqId: request.reqId, msg: 'unexpected error' })
  expect(error.err.stack).toContain('a bug of ours')
})

test('in production, each line on standard output is JSON with a time and a level in words', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bus-log-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const real = new BusProcess(dir, { PORT: '0', BUS_SECRET: 'a-master-key-0123456789' })
  const url = `http://127.0.0.1:${await real.ready()}`
  await new Client(url, { 'x-api-key': 'a-master-key-0123456789' }).publish()
  await new Client(url, { 'x-api-key': 'wrong' }).get('/get/x')
  real.signal('SIGTERM')
  await real.exited

  const written = real.out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  for (const line of written) {
    expect(line).toMatchObject({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      level: expect.any(String),
    })
  }
  expect(written.filter(line => line.msg === 'request').map(line => [line.level, line.status])).toEqual([
    ['info', 401],
  ])
})

test('of an error the log has name, message, code, stack and cause, and nothing else that hangs on it', () => {
  const sink = openLineSink(1)
  const write = vi.spyOn(sink, 'write').mockReturnValue()
  const logger = openLogger('info', false, sink)
  const hung = { emitter: { rawHeaders: ['X-API-KEY', 'a-secret'] }, buffer: Buffer.from('a-secret') }
  const cause = Object.assign(new TypeError('below'), hung)
  const error = Object.assign(new Error('above', { cause }), { code: 'E_ABOVE' }, hung)
  for (const log of [logger, logger.child({})]) {
    log.warn({ err: error }, 'one')
    log.error(error)
    log.error({ err: Object.assign(new AggregateError([error], 'several'), hung) }, 'three')
    log.fatal({ err: { apiKey: 'a-secret' } }, 'what is no error')
  }
  const text = write.mock.calls.map(([line]) => line).join('')
  expect(text).not.toContain('a-secret')
  const first = JSON.parse(text.split('\n')[0]!)
  const stack = expect.stringContaining('logging.test.ts')
  expect(first.err).toEqual({
    type: 'Error',
    message: 'above',
    code: 'E_ABOVE',
    stack,
    cause: { type: 'TypeError', message: 'below', stack },
  })
  expect(text.match(/"message":"above"/g)).toHaveLength(6)
})

test('an error whose cause is itself is logged all the same', () => {
  const sink = openLineSink(1)
  const write = vi.spyOn(sink, 'write').mockReturnValue()
  const error = new Error('round')
  error.cause = error
  openLogger('info', true, sink).error({ err: error }, 'broken')
  expect(write.mock.calls[0]![0]).toContain('caused by: Error: round')
})

test('on a terminal, a line is for people to read', () => {
  const sink = openLineSink(1)
  const write = vi.spyOn(sink, 'write').mockReturnValue()
  const logger = openLogger('info', true, sink)
  logger.warn({ reasons: ['disk_low'] }, 'not ready')
  logger.debug('not shown')
  expect(write.mock.calls.map(([text]) => text)).toEqual([
    expect.stringMatching(/^\d\d:\d\d:\d\d warn {2}not ready {2}reasons=\["disk_low"\]\n$/),
  ])
})
