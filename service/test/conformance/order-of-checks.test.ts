import { describe, expect, test } from 'vitest'
import { ADMIN_TOKEN, busForFile, busForTest, MASTER, METRICS_TOKEN, type TestBus } from '../support/bus.ts'
import { type Client, type Headings, refusal } from '../support/client.ts'
import { rawCall } from '../support/raw.ts'

/** From another machine, by way of one proxy. */
const BY_HTTP = { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'http' }
const BY_HTTPS = { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'https' }
const LOCALLY = { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' }

const KEY = { 'x-api-key': MASTER }
const WRONG_KEY = { 'x-api-key': 'wrong' }
const ADMIN = { 'x-admin-token': ADMIN_TOKEN }
const SCRAPER = { authorization: `Bearer ${METRICS_TOKEN}` }
const BAD_SIGNATURE = { 'x-timestamp': '1', 'x-nonce': 'n', 'x-signature': 'f'.repeat(64) }

const open = await busForFile({ BUS_AUTH_FAILURE_LIMIT: '1000' })
const secure = await busForFile({ BUS_ENFORCE_HTTPS: 'true', BUS_TRUST_PROXY: '1' })
const closed = await busForFile({ BUS_MAINTENANCE_MODE: 'true' })
const secureAndClosed = await busForFile({
  BUS_ENFORCE_HTTPS: 'true',
  BUS_TRUST_PROXY: '1',
  BUS_MAINTENANCE_MODE: 'true',
})

const get = (bus: TestBus, path: string, ...headers: Headings[]) =>
  bus.nobody.get(path, Object.assign({}, ...headers))
const codeOf = async (...asked: Parameters<typeof get>) => {
  const { status, code } = refusal(await get(...asked))
  return [status, code]
}

/** Announced only: the answer comes before the body is read. */
const tooLarge = ({ key }: Client, { port }: TestBus) =>
  rawCall(
    port,
    `POST /intent HTTP/1.1\r\nHost: bus\r\nX-API-KEY: ${key}\r\nContent-Length: ${2 ** 20 + 1}\r\n\r\n`,
  )

test.each(['/', '/health', '/health/live', '/health/ready'])(
  '%s is open to all, whatever else is wrong with the request',
  async path => {
    const answer = await get(secureAndClosed, path, BY_HTTP, WRONG_KEY, BAD_SIGNATURE)
    expect(answer.status).toBe(200)
  },
)

describe('first: HTTPS', () => {
  test.each([
    ['wrong metrics credentials', secure, '/metrics', {}],
    ['wrong admin credentials', secure, '/admin/dead', {}],
    ['maintenance', secureAndClosed, '/get/x', KEY],
    ['a missing API key', secure, '/get/x', {}],
    ['a wrong API key', secure, '/get/x', WRONG_KEY],
    ['a bad signature', secure, '/get/x', { ...KEY, ...BAD_SIGNATURE }],
    ['an unknown address', secure, '/no/such/thing', KEY],
    ['good credentials', secure, '/get/x', KEY],
    ['good admin credentials', secure, '/admin/dead', ADMIN],
    ['good metrics credentials', secure, '/metrics', SCRAPER],
  ])('before %s', async (_what, bus, path, headers) => {
    expect(await codeOf(bus, path, BY_HTTP, headers)).toEqual([403, 'https_required'])
    for (const allowed of [BY_HTTPS, LOCALLY]) {
      expect((await get(bus, path, allowed, headers)).text).not.toContain('https_required')
    }
  })

  test('a POST is refused before its body is looked at', async () => {
    const answer = await secure.nobody.post('/intent', '{', { ...KEY, ...BY_HTTP })
    expect(refusal(answer).code).toBe('https_required')
  })
})

describe("second: the metrics' own credentials", () => {
  test('before maintenance, which they pass', async () => {
    expect(await codeOf(closed, '/metrics')).toEqual([401, 'unauthorized'])
    expect(await codeOf(closed, '/metrics', KEY)).toEqual([401, 'unauthorized'])
    expect((await get(closed, '/metrics', SCRAPER)).status).toBe(200)
    expect((await get(closed, '/metrics', ADMIN)).status).toBe(200)
  })
})

describe('third: maintenance', () => {
  test.each([
    ['a missing API key', '/get/x', {}],
    ['a wrong API key', '/get/x', WRONG_KEY],
    ['a bad signature', '/get/x', { ...KEY, ...BAD_SIGNATURE }],
    ['an unknown address', '/no/such/thing', {}],
    ['whatever the master key may', '/get/x', KEY],
  ])('before %s', async (_what, path, headers) => {
    const answer = await get(closed, path, headers)
    expect(refusal(answer)).toMatchObject({ status: 503, code: 'maintenance' })
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(60)
  })

  test('admins go on, and are still asked who they are', async () => {
    expect(await codeOf(closed, '/admin/dead')).toEqual([401, 'unauthorized'])
    expect((await get(closed, '/admin/dead', ADMIN)).status).toBe(200)
    expect((await closed.admin.post('/admin/generate_key', { owner: 'Ada' })).status).toBe(201)
    expect(await codeOf(closed, '/admin/no/such/thing')).toEqual([401, 'unauthorized'])
    expect(await codeOf(closed, '/admin/no/such/thing', ADMIN)).toEqual([404, 'not_found'])
  })
})

describe('fourth: the API key', () => {
  test.each([
    ['a bad signature', '/get/x', BAD_SIGNATURE],
    ['an unknown address', '/no/such/thing', {}],
  ])('before %s', async (_what, path, headers) => {
    expect(await codeOf(open, path, headers)).toEqual([401, 'unauthorized'])
    expect(await codeOf(open, path, headers, WRONG_KEY)).toEqual([401, 'unauthorized'])
  })

  test('before the rate limit: a key that is gone is wrong, however often it called', async () => {
    const limited = await busForTest({ BUS_RATE_LIMIT: '1' })
    const issued = await limited.issue()
    await issued.get('/get/x')
    expect(refusal(await issued.get('/get/x')).code).toBe('rate_limited')
    await limited.admin.post('/admin/revoke_key', { api_key: issued.key })
    expect(refusal(await issued.get('/get/x')).status).toBe(401)
  })

  test('before the body: malformed or too large, a stranger hears that it is one', async () => {
    expect(refusal(await open.nobody.post('/intent', '{')).status).toBe(401)
    expect(refusal(await tooLarge(open.nobody, open)).status).toBe(401)
  })
})

describe('fifth: the signature', () => {
  test.each([
    ['an unknown address', '/no/such/thing'],
    ['an intent that is not there', `/status/${'0'.repeat(32)}`],
  ])('before %s', async (_what, path) => {
    expect(await codeOf(open, path, KEY, BAD_SIGNATURE)).toEqual([403, 'invalid_signature'])
  })

  test('before a malformed body', async () => {
    const answer = await open.master.post('/intent', '{', BAD_SIGNATURE)
    expect(refusal(answer).code).toBe('invalid_signature')
  })

  test('before the rate limit, bad or replayed', async () => {
    const limited = await busForTest({ BUS_RATE_LIMIT: '1' })
    const issued = await limited.issue()
    const signing = { timestamp: limited.seconds(), nonce: 'once' }
    expect((await issued.signed('GET', '/get/x', '', signing)).status).toBe(404)
    expect(refusal(await issued.get('/get/x')).code).toBe('rate_limited')
    expect(refusal(await issued.get('/get/x', BAD_SIGNATURE)).code).toBe('invalid_signature')
    const replayed = await issued.signed('GET', '/get/x', '', signing)
    expect(refusal(replayed)).toMatchObject({ status: 403, message: 'Replay detected' })
    expect(replayed.headers.get('retry-after')).toBeNull()
  })
})

describe('last: the rate limit', () => {
  test.each([
    ['an unknown address', (who: Client) => who.get('/no/such/thing')],
    ['an intent that is not there', (who: Client) => who.get(`/status/${'0'.repeat(32)}`)],
    ['a malformed body', (who: Client) => who.post('/intent', '{')],
    ['a body too large', tooLarge],
  ])('before %s', async (_what, ask) => {
    const limited = await busForTest({ BUS_RATE_LIMIT: '1' })
    const issued = await limited.issue()
    expect((await ask(issued, limited)).status).not.toBe(429)
    expect(refusal(await ask(issued, limited)).code).toBe('rate_limited')
  })
})

describe('an address that does not exist', () => {
  test('is 401 without a key and 404 with one', async () => {
    expect(await codeOf(open, '/no/such/thing')).toEqual([401, 'unauthorized'])
    expect(await codeOf(open, '/no/such/thing', ADMIN)).toEqual([401, 'unauthorized'])
    expect(await codeOf(open, '/no/such/thing', KEY)).toEqual([404, 'not_found'])
  })

  test.each(['/admin/', '/admin/nothing', '/admin/dead/x/y', '/admin/nothing?x=1'])(
    '%s is 401 without admin credentials, whatever the key, and 404 with them',
    async path => {
      for (const headers of [{}, KEY]) {
        const answer = await get(open, path, headers)
        expect(refusal(answer)).toMatchObject({
          status: 401,
          message: expect.stringContaining('Authentication required'),
        })
        expect(answer.headers.get('www-authenticate')).toMatch(/^Basic /)
      }
      expect(await codeOf(open, path, ADMIN)).toEqual([404, 'not_found'])
    },
  )
})
