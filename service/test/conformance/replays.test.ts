import { describe, expect, test } from 'vitest'
import { busForFile, busForTest, type TestBus } from '../support/bus.ts'
import { Client, refusal } from '../support/client.ts'

// A prune each minute is what would forget a nonce too early.
const bus = await busForFile()
const { master } = bus

let nonces = 0
/** What a client signs once, to be sent again and again. */
function once(of: TestBus = bus, off = 0) {
  nonces += 1
  return { timestamp: of.seconds() + off, nonce: `nonce-${nonces}` }
}

const REPLAY = { status: 403, code: 'invalid_signature', message: 'Replay detected' }
const absent = '0'.repeat(32)
const INTENT = JSON.stringify({ goal: 'work', payload: {} })
const TOO_LARGE = JSON.stringify({ goal: 'work', payload: 'x'.repeat(9000) })

describe('what was signed once passes once', () => {
  test.each([
    ['POST', '/intent', 201, INTENT],
    ['POST', '/claim?namespace=nobody', 204, ''],
    ['POST', '/claim?publisher=nobody', 204, ''],
    ['POST', '/set/lamp', 200, '{"value":"on"}'],
    ['GET', '/get/lamp', 200, ''],
    ['GET', '/get/absent', 404, ''],
    ['GET', `/status/${absent}`, 404, ''],
    ['POST', `/fulfill/${absent}`, 404, '{"claim_token":"x"}'],
    ['POST', '/fulfill/no-id', 404, '{"claim_token":"x"}'],
    ['POST', '/no/such/thing', 404, ''],
    ['GET', '/no/such/thing', 404, ''],
    ['POST', '/intent', 400, '{'],
    ['POST', '/intent', 400, '{"goal":""}'],
    ['POST', `/fail/${absent}`, 400, '{}'],
    ['POST', '/intent', 413, TOO_LARGE],
  ] as const)('%s %s, answered %i', async (method, path, status, body) => {
    await master.post('/set/lamp', { value: 'on' })
    const signing = once()
    expect((await master.signed(method, path, body, signing)).status).toBe(status)
    expect(refusal(await master.signed(method, path, body, signing))).toEqual(REPLAY)
    expect(refusal(await master.signed(method, path, body, signing))).toEqual(REPLAY)
  })
})

test.each(['status', 'result'])('nor does a read of its own /%s', async what => {
  const id = await master.publish({ namespace: 'read' })
  const signing = once()
  expect((await master.signed('GET', `/${what}/${id}`, '', signing)).status).toBe(200)
  expect(refusal(await master.signed('GET', `/${what}/${id}`, '', signing))).toEqual(REPLAY)
})

test('a replay of what was done is said to be one, even when the rate limit would refuse it', async () => {
  const limited = await busForTest({ BUS_RATE_LIMIT: '1' })
  const issued = await limited.issue()
  const signing = once(limited)
  expect((await issued.signed('POST', '/intent', INTENT, signing)).status).toBe(201)
  expect(refusal(await issued.signed('POST', '/intent', INTENT, signing))).toEqual(REPLAY)
})

test('a request that the rate limit refused does not pass later', async () => {
  const limited = await busForTest({ BUS_RATE_LIMIT: '1' })
  const issued = await limited.issue()
  await issued.get('/get/absent')
  for (const [method, path, body] of [
    ['POST', '/intent', INTENT],
    ['GET', '/get/absent', ''],
  ] as const) {
    const signing = once(limited)
    expect(refusal(await issued.signed(method, path, body, signing)).code).toBe('rate_limited')
    await limited.clock.advance(60_000)
    expect(refusal(await issued.signed(method, path, body, signing))).toEqual(REPLAY)
    await issued.get('/get/absent')
  }
})

test('a replay does nothing', async () => {
  const publish = once()
  const body = JSON.stringify({ goal: 'once', payload: {}, namespace: 'replayed' })
  await master.signed('POST', '/intent', body, publish)
  await master.signed('POST', '/intent', body, publish)
  const claim = once()
  expect((await master.signed('POST', '/claim?namespace=replayed', '', claim)).status).toBe(200)
  expect(await master.claim('?namespace=replayed')).toBeNull()

  await master.signed('POST', '/set/lamp', '{"value":"on"}', once())
  const off = once()
  await master.signed('POST', '/set/lamp', '{"value":"off"}', off)
  await master.post('/set/lamp', { value: 'on' })
  await master.signed('POST', '/set/lamp', '{"value":"off"}', off)
  expect((await master.get('/get/lamp')).json).toEqual({ value: 'on' })
})

test('of the same request sent many times at once, one passes', async () => {
  const signing = once()
  const sent = Array.from({ length: 8 }, () => master.signed('POST', '/intent', INTENT, signing))
  const statuses = (await Promise.all(sent)).map(({ status }) => status).sort()
  expect(statuses).toEqual([201, ...Array(7).fill(403)])
})

test('a nonce is spent for its key at every address and every time', async () => {
  const { nonce } = once()
  const sent = (path: string, off: number) =>
    master.signed('GET', path, '', { timestamp: bus.seconds() + off, nonce })
  expect((await sent('/get/absent', 0)).status).toBe(404)
  expect(refusal(await sent('/get/another', 1))).toEqual(REPLAY)
})

test('the same nonce of another key is fresh', async () => {
  const [one, other] = [await bus.issue(), await bus.issue()]
  const signing = once()
  for (const each of [one, other, master]) {
    expect((await each.signed('POST', '/intent', INTENT, signing)).status).toBe(201)
  }
  expect(refusal(await other.signed('POST', '/intent', INTENT, signing))).toEqual(REPLAY)
})

test('a request with a bad signature spends no nonce', async () => {
  const signing = once()
  const forged = await master.signed('GET', '/get/absent', '', { ...signing, canonical: '/get/other' })
  expect(refusal(forged).message).toBe('Bad signature')
  expect((await master.signed('GET', '/get/absent', '', signing)).status).toBe(404)
})

test('nonces survive a restart, of writes and of reads, of the master key and of issued ones', async () => {
  const restarted = await busForTest()
  const { key } = await restarted.issue()
  const clients = () => [restarted.master, new Client(restarted.url, { 'x-api-key': key })]
  const [write, read] = [once(restarted), once(restarted)]
  for (const client of clients()) {
    expect((await client.signed('POST', '/intent', INTENT, write)).status).toBe(201)
    expect((await client.signed('GET', '/get/absent', '', read)).status).toBe(404)
  }
  await restarted.restart()
  for (const client of clients()) {
    expect(refusal(await client.signed('POST', '/intent', INTENT, write))).toEqual(REPLAY)
    expect(refusal(await client.signed('GET', '/get/absent', '', read))).toEqual(REPLAY)
  }
})

test('a nonce is kept for as long as its signature is good, and not for ever', async () => {
  const signing = once(bus, 300)
  const again = () => master.signed('GET', '/get/absent', '', signing)
  expect((await again()).status).toBe(404)
  for (let minutes = 1; minutes <= 10; minutes += 1) {
    await bus.clock.advance(60_000)
    expect(refusal(await again())).toEqual(REPLAY)
  }
  await bus.clock.advance(1000)
  expect(refusal(await again()).message).toBe('Stale timestamp')

  await bus.clock.advance(3_600_000)
  const reused = { ...signing, timestamp: bus.seconds() }
  expect((await master.signed('GET', '/get/absent', '', reused)).status).toBe(404)
})

test('a nonce is kept as long when the wall clock is ahead of bus time', async () => {
  const drifted = await busForTest()
  drifted.wallAheadMs = 3_600_000
  const signing = once(drifted, 300)
  const again = () => drifted.master.signed('GET', '/get/absent', '', signing)
  expect((await again()).status).toBe(404)
  await drifted.clock.advance(600_000)
  expect(refusal(await again())).toEqual(REPLAY)
})
