import { describe, expect, test } from 'vitest'
import { busForTest, type TestBus } from '../support/bus.ts'
import { type Answer, Client, refusal } from '../support/client.ts'
import { rawCall } from '../support/raw.ts'

const TOO_MANY = { status: 429, code: 'rate_limited', message: expect.stringMatching(/^Too many requests/) }

/** Reads a value that is not there: 404 is what passes. */
const ask = (who: Client) => who.get('/get/absent')

async function passes(who: Client, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) expect((await ask(who)).status).toBe(404)
}

/** @returns the seconds to wait */
function retryAfter(answer: Answer): number {
  expect(refusal(answer)).toEqual(TOO_MANY)
  expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d?$/)
  return Number(answer.headers.get('retry-after'))
}

/** Announced only: the answer comes before the body is read. */
const tooLarge = ({ key }: Client, { port }: TestBus) =>
  rawCall(
    port,
    `POST /set/x HTTP/1.1\r\nHost: bus\r\nX-API-KEY: ${key}\r\nContent-Length: ${2 ** 20 + 1}\r\n\r\n`,
  )

test('an issued key may call 60 times in 60 s, counted from its first call', async () => {
  const bus = await busForTest({ BUS_RATE_LIMIT: '' })
  const issued = await bus.issue()
  await passes(issued, 1)
  await bus.clock.advance(20_000)
  await passes(issued, 59)
  expect(retryAfter(await ask(issued))).toBe(40)

  await bus.clock.advance(39_999)
  expect(retryAfter(await ask(issued))).toBe(1)
  await bus.clock.advance(1)
  await passes(issued, 60)
  expect(retryAfter(await ask(issued))).toBe(60)
})

test('a refusal names the limit of the key, and what an admin can do', async () => {
  const bus = await busForTest({ BUS_RATE_LIMIT: '2' })
  const { json } = await bus.admin.post('/admin/generate_key', { owner: 'pi' })
  const issued = new Client(bus.url, { 'x-api-key': json.api_key })
  await passes(issued, 2)
  expect(refusal(await ask(issued)).message).toBe(
    `Too many requests. Try again in 60 s. This key may send 2 in 60 s. An admin can raise it: intent-bus keys change ${json.key_id} --rate 600`,
  )
})

test('BUS_RATE_LIMIT and BUS_RATE_WINDOW_SECONDS say how often and how long', async () => {
  const bus = await busForTest({ BUS_RATE_LIMIT: '3', BUS_RATE_WINDOW_SECONDS: '10' })
  const issued = await bus.issue()
  await passes(issued, 3)
  expect(retryAfter(await ask(issued))).toBe(10)
  await bus.clock.advance(10_000)
  await passes(issued, 3)
})

test.each([0, 1, 999, 1000, 31_500, 59_001, 59_999])(
  'who waits as long as Retry-After says, %i ms into the window, gets through',
  async ms => {
    const bus = await busForTest({ BUS_RATE_LIMIT: '1' })
    const issued = await bus.issue()
    await passes(issued, 1)
    await bus.clock.advance(ms)
    const seconds = retryAfter(await ask(issued))
    expect(seconds).toBe(Math.ceil((60_000 - ms) / 1000))
    await bus.clock.advance(seconds * 1000)
    await passes(issued, 1)
  },
)

test('Retry-After is never more than 60 s, since clients sleep for it', async () => {
  const bus = await busForTest({ BUS_RATE_LIMIT: '1', BUS_RATE_WINDOW_SECONDS: '3600' })
  const issued = await bus.issue()
  await passes(issued, 1)
  expect(retryAfter(await ask(issued))).toBe(60)
})

test('being refused does not make the wait longer', async () => {
  const bus = await busForTest({ BUS_RATE_LIMIT: '1' })
  const issued = await bus.issue()
  await passes(issued, 1)
  for (let s = 0; s < 60; s += 1) {
    retryAfter(await ask(issued))
    await bus.clock.advance(1000)
  }
  await passes(issued, 1)
})

test('calls at the same time are counted one by one', async () => {
  const bus = await busForTest({ BUS_RATE_LIMIT: '5' })
  const issued = await bus.issue()
  const answers = await Promise.all(Array.from({ length: 12 }, () => ask(issued)))
  expect(answers.filter(({ status }) => status === 404)).toHaveLength(5)
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(7)
})

test('each key has its own count', async () => {
  const bus = await busForTest({ BUS_RATE_LIMIT: '2' })
  const [one, other] = [await bus.issue(), await bus.issue()]
  await passes(one, 2)
  expect(refusal(await ask(one))).toEqual(TOO_MANY)
  await passes(other, 2)
})

test('one key has one count, wherever it calls from', async () => {
  const bus = await busForTest({ BUS_RATE_LIMIT: '2', BUS_TRUST_PROXY: '1' })
  const issued = await bus.issue()
  await passes(issued.with({ 'x-forwarded-for': '192.0.2.1' }), 2)
  expect(refusal(await ask(issued.with({ 'x-forwarded-for': '192.0.2.2' })))).toEqual(TOO_MANY)
})

test('the master key, admins and health have no limit', async () => {
  const bus = await busForTest({ BUS_RATE_LIMIT: '1' })
  await passes(bus.master, 5)
  for (let i = 0; i < 5; i += 1) {
    const signed = await bus.master.signed('GET', '/get/absent', '', { timestamp: bus.seconds() })
    expect(signed.status).toBe(404)
    expect((await tooLarge(bus.master, bus)).status).toBe(413)
    expect((await bus.admin.get('/admin/dead')).status).toBe(200)
    expect((await bus.nobody.get('/health')).status).toBe(200)
  }
})

const absent = '0'.repeat(32)

describe('every request past key and signature counts', () => {
  test.each<[string, number, (who: Client, bus: TestBus) => Promise<Answer>]>([
    ['a publish', 201, who => who.post('/intent', { goal: 'work', payload: {} })],
    ['an empty claim', 204, who => who.post('/claim')],
    ["a claim for a stranger's intents", 403, who => who.post('/claim?publisher=nobody')],
    ['a signed one', 404, (who, bus) => who.signed('GET', '/get/x', '', { timestamp: bus.seconds() })],
    ['a malformed body', 400, who => who.post('/intent', '{')],
    ['a body too large', 413, tooLarge],
    ['an intent that is not there', 404, who => who.get(`/status/${absent}`)],
    ['a lost lease', 404, who => who.post(`/fulfill/${absent}`, { claim_token: 'x' })],
    ['an unknown address', 404, who => who.get('/no/such/thing')],
  ])('%s', async (_what, status, act) => {
    const bus = await busForTest({ BUS_RATE_LIMIT: '2' })
    const issued = await bus.issue()
    expect((await act(issued, bus)).status).toBe(status)
    await passes(issued, 1)
    expect(refusal(await ask(issued))).toEqual(TOO_MANY)
  })
})

test.each([
  ['that is stale', { timestamp: 1 }, 'Stale timestamp'],
  ['over something else', { timestamp: 1_800_000_000, canonical: '/get/else' }, 'Bad signature'],
])('a signature %s is refused before it counts', async (_how, signing, message) => {
  const bus = await busForTest({ BUS_RATE_LIMIT: '1' })
  const issued = await bus.issue()
  for (let i = 0; i < 3; i += 1) {
    expect(refusal(await issued.signed('GET', '/get/absent', '', signing)).message).toBe(message)
  }
  await passes(issued, 1)
})

test('a restart forgives', async () => {
  const bus = await busForTest({ BUS_RATE_LIMIT: '1' })
  const { key } = await bus.issue()
  const issued = () => new Client(bus.url, { 'x-api-key': key })
  await passes(issued(), 1)
  expect(refusal(await ask(issued()))).toEqual(TOO_MANY)
  await bus.restart()
  await passes(issued(), 1)
})

test('too many wrong keys of one address are refused with the same code', async () => {
  const bus = await busForTest({ BUS_AUTH_FAILURE_LIMIT: '3' })
  const stranger = new Client(bus.url, { 'x-api-key': 'wrong' })
  for (let i = 0; i < 3; i += 1) expect(refusal(await ask(stranger)).status).toBe(401)
  retryAfter(await ask(stranger))
})
