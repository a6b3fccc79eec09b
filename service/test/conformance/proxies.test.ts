import { describe, expect, test } from 'vitest'
import { busForFile, busForTest, type TestBus } from '../support/bus.ts'
import type { Headings } from '../support/client.ts'
import { rawCall } from '../support/raw.ts'

const ENFORCED = { BUS_ENFORCE_HTTPS: 'true' }
const buses: Record<number, TestBus> = {
  0: await busForFile({ ...ENFORCED, BUS_TRUST_PROXY: '0' }),
  1: await busForFile({ ...ENFORCED, BUS_TRUST_PROXY: '1' }),
  2: await busForFile({ ...ENFORCED, BUS_TRUST_PROXY: '2' }),
}

let asked = 0
/** The address that the log says a refused request came from. */
async function seenAs(trusted: number, headers: Headings): Promise<string> {
  const bus = buses[trusted]!
  asked += 1
  const reqId = `asked-${asked}`
  await bus.nobody.get('/get/x', { 'x-request-id': reqId, ...headers })
  const line = () => bus.log.map(each => JSON.parse(each)).find(each => each.reqId === reqId)
  await expect.poll(line).toBeDefined()
  return line().ip
}

/** 403 `https_required`, or the 401 of whoever gets past that. */
const statusOf = async (trusted: number, headers: Headings) =>
  (await buses[trusted]!.nobody.get('/get/x', headers)).status

/** As it comes from this address itself, which no test can connect from. */
async function statusFrom(remoteAddress: string, trusted: number, headers: Headings = {}) {
  const answer = await buses[trusted]!.app.inject({ method: 'GET', url: '/get/x', remoteAddress, headers })
  return answer.statusCode
}

const PASSED = 401
const REFUSED = 403

describe('a client is who the proxy that is trusted says', () => {
  test.each([
    [0, '203.0.113.5', '127.0.0.1'],
    [0, '203.0.113.5, 198.51.100.9', '127.0.0.1'],
    [1, '198.51.100.9', '198.51.100.9'],
    [1, '203.0.113.5, 198.51.100.9', '198.51.100.9'],
    [1, '127.0.0.1, 198.51.100.9', '198.51.100.9'],
    [1, '203.0.113.5,203.0.113.6 ,  198.51.100.9', '198.51.100.9'],
    [1, '2001:db8::7', '2001:db8::7'],
    [2, '198.51.100.9, 10.0.0.2', '198.51.100.9'],
    [2, '203.0.113.5, 198.51.100.9, 10.0.0.2', '198.51.100.9'],
    [2, '127.0.0.1, 203.0.113.5, 198.51.100.9, 10.0.0.2', '198.51.100.9'],
    [2, '10.0.0.2', '10.0.0.2'],
  ])('with %i trusted, X-Forwarded-For: %s is %s', async (trusted, forwarded, address) => {
    expect(await seenAs(trusted, { 'x-forwarded-for': forwarded })).toBe(address)
  })

  test.each([0, 1, 2])('with %i trusted and nothing forwarded, it is who connects', async trusted => {
    // From loopback by plain HTTP: exempt, and refused for the missing key alone.
    expect(await seenAs(trusted, {})).toBe('127.0.0.1')
  })

  test.each(['x-real-ip', 'forwarded', 'x-client-ip', 'cf-connecting-ip'])('%s is not asked', async name => {
    const value = name === 'forwarded' ? 'for=203.0.113.5' : '203.0.113.5'
    expect(await seenAs(1, { [name]: value })).toBe('127.0.0.1')
  })
})

describe('HTTPS is what the proxy that is trusted says', () => {
  test.each([
    [1, 'https', PASSED],
    [1, 'http', REFUSED],
    [1, '', REFUSED],
    [1, 'https, http', REFUSED],
    [1, 'http, https', PASSED],
    [1, 'https-ish', REFUSED],
    [1, 'ftp', REFUSED],
    [2, 'https', PASSED],
    [2, 'http', REFUSED],
    [2, 'https, https', PASSED],
    [2, 'https, http, http', REFUSED],
  ])('with %i trusted, X-Forwarded-Proto: %j is answered %i', async (trusted, proto, status) => {
    const client = trusted === 1 ? '192.0.2.1' : '192.0.2.1, 10.0.0.2'
    const headers = { 'x-forwarded-for': client, 'x-forwarded-proto': proto }
    expect(await statusOf(trusted, headers)).toBe(status)
  })

  test('with none trusted, nobody can claim to have come by it', async () => {
    const claimed = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '127.0.0.1' }
    expect(await statusFrom('192.0.2.1', 0, claimed)).toBe(REFUSED)
    expect(await statusFrom('192.0.2.1', 0)).toBe(REFUSED)
  })

  test.each(['x-forwarded-scheme', 'x-forwarded-ssl', 'front-end-https', 'x-url-scheme'])(
    '%s is not asked',
    async name => {
      const value = name.endsWith('scheme') ? 'https' : 'on'
      expect(await statusOf(1, { 'x-forwarded-for': '192.0.2.1', [name]: value })).toBe(REFUSED)
    },
  )
})

describe('loopback need not come by HTTPS', () => {
  test.each(['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1', '::ffff:127.8.9.1'])(
    '%s is loopback',
    async address => {
      expect(await statusFrom(address, 0)).toBe(PASSED)
      expect(await statusOf(1, { 'x-forwarded-for': address })).toBe(PASSED)
    },
  )

  test.each(['128.0.0.1', '10.0.0.1', '0.0.0.0', '::', '::2', '::ffff:192.0.2.1', 'fe80::1'])(
    '%s is not',
    async address => {
      expect(await statusFrom(address, 0)).toBe(REFUSED)
      expect(await statusOf(1, { 'x-forwarded-for': address })).toBe(REFUSED)
    },
  )

  test.each(['localhost', '127.0.0.1.example', '127.1', '127.0.0.1:80', 'unknown', '_hidden', '127.0.0.1;x'])(
    'what only looks like it is not: %s',
    async address => {
      expect(await statusOf(1, { 'x-forwarded-for': address })).toBe(REFUSED)
    },
  )

  test.each([
    [1, '127.0.0.1, 192.0.2.1'],
    [2, '127.0.0.1, 192.0.2.1, 10.0.0.2'],
    [2, '::1, 127.0.0.1, 192.0.2.1, 10.0.0.2'],
  ])(
    'nor, with %i trusted, who writes it in front of what the proxies add: %s',
    async (trusted, forwarded) => {
      expect(await statusOf(trusted, { 'x-forwarded-for': forwarded })).toBe(REFUSED)
    },
  )

  test('a proxy on this machine is not the client it speaks for', async () => {
    expect(await statusFrom('127.0.0.1', 1, { 'x-forwarded-for': '192.0.2.1' })).toBe(REFUSED)
    expect(await statusFrom('::ffff:127.0.0.1', 1, { 'x-forwarded-for': '192.0.2.1' })).toBe(REFUSED)
  })
})

test('a proxy that nobody told the bus about is said once in the log', async () => {
  const plain = await busForTest()
  for (let i = 0; i < 3; i += 1) await plain.nobody.get('/', { 'x-forwarded-for': '192.0.2.7' })
  expect(plain.log.filter(line => line.includes('set BUS_TRUST_PROXY'))).toHaveLength(1)
})

test('an idle connection is kept longer than a proxy keeps it (90 s), so that no request meets a close', async () => {
  const { headers } = await rawCall(buses[1]!.port, 'GET /health/live HTTP/1.1\r\nHost: bus\r\n\r\n')
  const [, seconds] = /^timeout=(\d+)$/.exec(headers.get('keep-alive') ?? '') ?? []
  expect(Number(seconds)).toBeGreaterThan(90)
})
