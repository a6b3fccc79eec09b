import { describe, expect, test } from 'vitest'
import { busForFile, busForTest, METRICS_TOKEN } from '../support/bus.ts'
import { type Answer, call, type Headings, refusal } from '../support/client.ts'
import { rawCall } from '../support/raw.ts'

const bus = await busForFile()
const broken = await busForFile()
const { master, admin, nobody } = bus

const limited = await bus.issue('somebody', { rate_limit: 2 })
await limited.get('/get/absent')
await limited.get('/get/absent')

const absent = '0'.repeat(32)
const TOO_LONG = 2 ** 20 + 1

async function withBrokenStore(): Promise<Answer> {
  broken.store.refuse = new Error('a bug of ours')
  try {
    return await broken.master.post('/intent', { goal: 'work', payload: {} })
  } finally {
    broken.store.refuse = null
  }
}

type Case = [what: string, status: number, ask: (headers?: Headings) => Promise<Answer>]

/** What is answered with a request in hand: the request's own id and version count. */
const ANSWERS: Case[] = [
  ['a text', 200, h => nobody.get('/', h)],
  ['a health check', 200, h => nobody.get('/health', h)],
  ['a HEAD', 200, h => call(`${bus.url}/health`, 'HEAD', h ?? {})],
  ['a publish', 201, h => master.post('/intent', { goal: 'work', payload: {} }, h)],
  ['an empty claim', 204, h => master.post('/claim?namespace=empty', undefined, h)],
  ["the dashboard's page", 200, h => admin.get('/admin/dashboard', h)],
  ['the metrics', 200, h => nobody.get('/metrics', { authorization: `Bearer ${METRICS_TOKEN}`, ...h })],
]

const ERRORS: Case[] = [
  ['a missing key', 401, h => nobody.get('/get/x', h)],
  ['a wrong key', 401, h => nobody.get('/get/x', { 'x-api-key': 'wrong', ...h })],
  ['missing admin credentials', 401, h => nobody.get('/admin/dashboard', h)],
  ['missing metrics credentials', 401, h => nobody.get('/metrics', h)],
  ['a bad signature', 403, h => master.get('/get/x', { 'x-signature': 'bad', ...h })],
  [
    "a button that is not the page's",
    403,
    h => admin.post(`/admin/dashboard/intents/${absent}/retry`, '', h),
  ],
  ['an intent that is not there', 404, h => master.get(`/status/${absent}`, h)],
  ['an unknown address', 404, h => master.get('/no/such/thing', h)],
  ['an unknown address of admins', 404, h => admin.get('/admin/no/such/thing', h)],
  ['a malformed body', 400, h => master.post('/intent', '{', h)],
  ['a URL that cannot be decoded', 400, h => master.get('/status/%zz', h)],
  ['a payload too large', 413, h => master.post('/intent', { goal: 'g', payload: 'x'.repeat(9000) }, h)],
  [
    'a body too large',
    413,
    (headers = {}) => {
      const all = { ...master.headers, 'content-length': `${TOO_LONG}`, ...headers }
      const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
      return rawCall(bus.port, `POST /intent HTTP/1.1\r\nHost: bus\r\n${lines.join('')}\r\n`)
    },
  ],
  ['too many requests', 429, h => limited.get('/get/x', h)],
]

/** What Node refuses before there is a request. */
const REFUSED_CONNECTIONS: Case[] = [
  ['what is not HTTP', 400, () => rawCall(bus.port, 'EHLO bus\r\n\r\n')],
  ['a header that is none', 400, () => rawCall(bus.port, 'GET / HTTP/1.1\r\nHost: bus\r\nno header\r\n\r\n')],
  [
    'two lengths of one body',
    400,
    () =>
      rawCall(
        bus.port,
        'POST /intent HTTP/1.1\r\nHost: bus\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx',
      ),
  ],
  [
    'headers that are too long',
    431,
    () => rawCall(bus.port, `GET / HTTP/1.1\r\nHost: bus\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`),
  ],
  ['a URL that is too long', 431, () => rawCall(bus.port, `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n`)],
]

const ITSELF: Case = ['a bug of our own', 500, withBrokenStore]

test.each([...ANSWERS, ...ERRORS, ...REFUSED_CONNECTIONS, ITSELF])(
  '%s (%i) carries what every answer carries',
  async (_what, status, ask) => {
    const answer = await ask()
    expect(answer.status).toBe(status)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'x-intent-version': '7.61',
      'x-request-id': expect.stringMatching(/^[A-Za-z0-9_.:-]{1,128}$/),
    })
  },
)

test.each([...ERRORS, ...REFUSED_CONNECTIONS, ITSELF])(
  '%s (%i) is {"error":{"code","message"}}',
  async (_what, status, ask) => {
    expect(refusal(await ask()).status).toBe(status)
  },
)

describe('X-Request-ID is the one that was sent', () => {
  test.each([...ANSWERS, ...ERRORS])('with %s (%i)', async (_what, _status, ask) => {
    const answer = await ask({ 'x-request-id': 'job-7:try_2.a' })
    expect(answer.headers.get('x-request-id')).toBe('job-7:try_2.a')
  })

  test.each(['x', '-', 'x'.repeat(128), 'AZaz09_.:-'])('when it fits: %s', async sent => {
    const answer = await nobody.get('/health', { 'x-request-id': sent })
    expect(answer.headers.get('x-request-id')).toBe(sent)
  })

  test.each(['', 'two words', 'x'.repeat(129), 'a/b', 'a,b', '<x>', 'caf\u00e9', '"x"', '{}'])(
    'or a fresh one when it does not: %j',
    async sent => {
      const asked = () => nobody.get('/health', { 'x-request-id': sent })
      const made = [(await asked()).headers.get('x-request-id'), (await asked()).headers.get('x-request-id')]
      for (const id of made) expect(id).toMatch(/^[A-Za-z0-9_.:-]{1,128}$/)
      expect(made).not.toContain(sent)
      expect(made[0]).not.toBe(made[1])
    },
  )

  test('or a fresh one when two are sent', async () => {
    const twice = 'GET /health HTTP/1.1\r\nHost: bus\r\nX-Request-ID: a\r\nX-Request-ID: b\r\n\r\n'
    const answer = await rawCall(bus.port, twice)
    expect(answer.headers.get('x-request-id')).toMatch(/^[A-Za-z0-9_.:-]{5,128}$/)
  })

  test('and those made after a restart are others than those before', async () => {
    const restarted = await busForTest()
    const ids = new Set<string | null>()
    for (let i = 0; i < 3; i += 1) {
      ids.add((await restarted.nobody.get('/health')).headers.get('x-request-id'))
      await restarted.restart()
    }
    expect(ids.size).toBe(3)
  })
})

describe('X-Intent-Version is 2.1 to a client that sends 2.x', () => {
  test.each([...ANSWERS, ...ERRORS])('with %s (%i)', async (_what, _status, ask) => {
    const answer = await ask({ 'x-intent-version': '2.1' })
    expect(answer.headers.get('x-intent-version')).toBe('2.1')
  })

  test.each([
    ['2.0', '2.1'],
    ['2.1.2', '2.1'],
    ['2.10', '2.1'],
    ['7.5', '7.61'],
    ['7.61', '7.61'],
    ['1.3', '7.61'],
    ['20.1', '7.61'],
    ['12.1', '7.61'],
    ['', '7.61'],
    ['new', '7.61'],
  ])('%s is answered %s', async (sent, answered) => {
    const answer = await nobody.get('/health', { 'x-intent-version': sent })
    expect(answer.headers.get('x-intent-version')).toBe(answered)
  })
})

test("the dashboard's page is HTML that may run nothing, and is framed nowhere", async () => {
  const { headers } = await admin.get('/admin/dashboard')
  expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
})

test.each([...ANSWERS, ...ERRORS])('%s (%i) says nothing of what the bus is made of', async (_w, _s, ask) => {
  const { headers } = await ask()
  for (const name of ['server', 'x-powered-by', 'set-cookie']) expect(headers.get(name)).toBeNull()
})

test('a request without a Host, which HTTP/1.1 wants, is refused like any other', async () => {
  const answer = await rawCall(bus.port, 'GET /health HTTP/1.1\r\n\r\n')
  expect(refusal(answer)).toMatchObject({ status: 400, code: 'invalid_request' })
  expect(answer.headers.get('x-request-id')).not.toBeNull()
  expect((await rawCall(bus.port, 'GET /health HTTP/1.0\r\n\r\n')).status).toBe(200)
})

test('an expectation that the bus does not know is passed over', async () => {
  const answer = await rawCall(bus.port, 'GET /health HTTP/1.1\r\nHost: bus\r\nExpect: a-miracle\r\n\r\n')
  expect(answer.status).toBe(200)
  expect(answer.headers.get('x-frame-options')).toBe('DENY')
})
