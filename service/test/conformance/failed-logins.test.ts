import { expect, test } from 'vitest'
import { basic, busForTest, MASTER as STRONG } from '../support/bus.ts'
import { Client, refusal } from '../support/client.ts'

const LIMIT = 5
// Short enough to be guessed, which is what the limit is there for.
const [MASTER, ADMIN_TOKEN, PASSWORD, METRICS_TOKEN] = ['a-master', 'an-admin', 'a-password', 'a-metric']
const start = (secrets: Record<string, string> = {}) =>
  busForTest({
    BUS_AUTH_FAILURE_LIMIT: `${LIMIT}`,
    BUS_TRUST_PROXY: '1',
    BUS_SECRET: MASTER,
    BUS_ADMIN_SECRET: ADMIN_TOKEN,
    DASHBOARD_PASSWORD: PASSWORD,
    BUS_METRICS_TOKEN: METRICS_TOKEN,
    ...secrets,
  })
type Bus = Awaited<ReturnType<typeof start>>

const from = (bus: Bus, address: string, headers: Record<string, string>) =>
  new Client(bus.url, { 'x-forwarded-for': address, ...headers })

async function fail(bus: Bus, address: string, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    const answer = await from(bus, address, { 'x-api-key': `wrong-${i}` }).post('/claim')
    expect(refusal(answer)).toEqual({ status: 401, code: 'unauthorized', message: 'Invalid API key' })
  }
}

const tooMany = {
  status: 429,
  code: 'rate_limited',
  message: expect.stringMatching(/^Too many requests with wrong credentials/),
}

test('an address with too many wrong credentials is refused, right or wrong, until its window ends', async () => {
  const bus = await start()
  await fail(bus, '192.0.2.7', LIMIT)

  const wrong = await from(bus, '192.0.2.7', { 'x-api-key': 'wrong again' }).post('/claim')
  const right = await from(bus, '192.0.2.7', { 'x-api-key': MASTER }).post('/claim')
  expect(refusal(wrong)).toEqual(tooMany)
  expect(refusal(right)).toEqual(tooMany)

  const seconds = Number(right.headers.get('retry-after'))
  expect(seconds).toBeGreaterThanOrEqual(1)
  expect(seconds).toBeLessThanOrEqual(60)
  await bus.clock.advance(seconds * 1000)
  expect((await from(bus, '192.0.2.7', { 'x-api-key': MASTER }).post('/claim')).status).toBe(204)
})

test('other addresses go on, and so does what the address was let in with before', async () => {
  const bus = await start()
  const known = from(bus, '192.0.2.7', { authorization: `Bearer ${METRICS_TOKEN}` })
  expect((await known.get('/metrics')).status).toBe(200)
  await fail(bus, '192.0.2.7', LIMIT)

  expect((await known.get('/metrics')).status).toBe(200)
  expect((await from(bus, '198.51.100.1', { 'x-api-key': MASTER }).post('/claim')).status).toBe(204)
  expect(refusal(await from(bus, '192.0.2.7', { 'x-api-key': MASTER }).post('/claim'))).toEqual(tooMany)
})

test('what is too long to be guessed is let in from anywhere: nobody is locked out by who shares his address', async () => {
  const bus = await start({ BUS_SECRET: STRONG })
  await fail(bus, '192.0.2.7', LIMIT)
  const client = await from(bus, '198.51.100.1', { 'x-admin-token': ADMIN_TOKEN }).post(
    '/admin/generate_key',
    {
      owner: 'pi',
    },
  )
  for (const key of [STRONG, client.json.api_key]) {
    expect((await from(bus, '192.0.2.7', { 'x-api-key': key }).post('/claim')).status).toBe(204)
  }
  expect(refusal(await from(bus, '192.0.2.7', { 'x-api-key': 'x'.repeat(50) }).post('/claim'))).toEqual(
    tooMany,
  )
})

test('an address is the same with whatever port a proxy adds to it', async () => {
  const bus = await start()
  for (let i = 0; i < LIMIT; i += 1) await fail(bus, `192.0.2.7:${1000 + i}`, 1)
  expect(refusal(await from(bus, '192.0.2.7:9', { 'x-api-key': MASTER }).post('/claim'))).toEqual(tooMany)
})

test.each([
  ['admin token', '/admin/dead', { 'x-admin-token': 'guess' }, { 'x-admin-token': ADMIN_TOKEN }],
  ['password', '/admin/dashboard', basic('admin', 'guess'), basic('admin', PASSWORD)],
  [
    'metrics token',
    '/metrics',
    { authorization: 'Bearer guess' },
    { authorization: `Bearer ${METRICS_TOKEN}` },
  ],
])('guesses at the %s count as well', async (_what, path, wrong, right) => {
  const bus = await start()
  for (let i = 0; i < LIMIT; i += 1) expect((await from(bus, '192.0.2.7', wrong).get(path)).status).toBe(401)
  expect(refusal(await from(bus, '192.0.2.7', right).get(path))).toEqual(tooMany)
  expect((await from(bus, '198.51.100.1', right).get(path)).status).toBe(200)
})

test('a credential that is only missing is no guess', async () => {
  const bus = await start()
  for (let i = 0; i < 3 * LIMIT; i += 1) {
    expect((await from(bus, '192.0.2.7', {}).get('/admin/dashboard')).status).toBe(401)
    expect((await from(bus, '192.0.2.7', {}).post('/claim')).status).toBe(401)
  }
  expect((await from(bus, '192.0.2.7', { 'x-api-key': MASTER }).post('/claim')).status).toBe(204)
})

test('the addresses of one IPv6 network are one', async () => {
  const bus = await start()
  for (let i = 1; i <= LIMIT; i += 1) await fail(bus, `2001:db8:1:2::${i}`, 1)
  const neighbour = from(bus, '2001:db8:1:2:ffff::1', { 'x-api-key': MASTER })
  const stranger = from(bus, '2001:db8:1:3::1', { 'x-api-key': MASTER })
  expect(refusal(await neighbour.post('/claim'))).toEqual(tooMany)
  expect((await stranger.post('/claim')).status).toBe(204)
})

test('health and the root stay open to everybody', async () => {
  const bus = await start()
  await fail(bus, '192.0.2.7', LIMIT)
  for (const path of ['/', '/health', '/health/live', '/health/ready']) {
    expect((await from(bus, '192.0.2.7', {}).get(path)).status).toBe(200)
  }
})

test('failures and refusals are counted', async () => {
  const bus = await start()
  await fail(bus, '192.0.2.7', LIMIT)
  await from(bus, '192.0.2.7', { 'x-api-key': MASTER }).post('/claim')
  const { text } = await from(bus, '198.51.100.1', { authorization: `Bearer ${METRICS_TOKEN}` }).get(
    '/metrics',
  )
  expect(text).toContain(`intent_bus_auth_failures_total{kind="api_key"} ${LIMIT}\n`)
  expect(text).toContain('intent_bus_rate_limited_total 1\n')
})

test('past the limit no answer tells a right guess from a wrong one, not even that a page may not do this', async () => {
  const bus = await start()
  await fail(bus, '192.0.2.7', LIMIT)
  const evil = { origin: 'https://evil.example' }
  for (const password of ['a-wrong-one', PASSWORD]) {
    const page = from(bus, '192.0.2.7', { ...basic('admin', password), ...evil })
    expect(refusal(await page.post('/admin/cleanup'))).toEqual(tooMany)
  }
})

test('one secret that an address was let in with vouches for no other', async () => {
  const bus = await start()
  const scraper = from(bus, '192.0.2.7', { authorization: `Bearer ${METRICS_TOKEN}` })
  expect((await scraper.get('/metrics')).status).toBe(200)
  await fail(bus, '192.0.2.7', LIMIT)
  expect((await scraper.get('/metrics')).status).toBe(200)
  const guesser = from(bus, '192.0.2.7', basic('admin', PASSWORD))
  expect(refusal(await guesser.get('/metrics'))).toEqual(tooMany)
})

test('an address that was let in once may not guess without limit either', async () => {
  const bus = await start()
  const admin = (password: string) => from(bus, '192.0.2.7', basic('admin', password)).get('/admin/dead')
  expect((await admin(PASSWORD)).status).toBe(200)
  for (let i = 0; i < LIMIT; i += 1) expect((await admin(`guess-${i}`)).status).toBe(401)
  for (let i = LIMIT; i < 8 * LIMIT; i += 1) expect(refusal(await admin('another'))).toEqual(tooMany)
  expect(refusal(await admin(PASSWORD))).toEqual(tooMany)

  await bus.clock.advance(60_000)
  expect((await admin(PASSWORD)).status).toBe(200)
})

test('a worker that was let in is not shut out by guesses from its address under its name', async () => {
  const bus = await start()
  const claim = (key: string) =>
    from(bus, '192.0.2.7', { 'x-api-key': key, 'user-agent': 'curl/8.5.0' }).post('/claim')
  expect((await claim(MASTER)).status).toBe(204)
  for (let i = 0; i < LIMIT; i += 1) expect((await claim(`guess-${i}`)).status).toBe(401)
  for (let i = LIMIT; i < 8 * LIMIT - 1; i += 1) expect(refusal(await claim('a-guess'))).toEqual(tooMany)
  expect((await claim(MASTER)).status).toBe(204)
})

test('the networks of one IPv6 /48 may get it wrong eight times as often as one', async () => {
  const bus = await start()
  for (let network = 1; network <= 8; network += 1) await fail(bus, `2001:db8:1:${network}::1`, LIMIT)
  const claim = (address: string) => from(bus, address, { 'x-api-key': MASTER }).post('/claim')
  expect(refusal(await claim('2001:db8:1:9::1'))).toEqual(tooMany)
  expect((await claim('2001:db8:2::1')).status).toBe(204)
})

test('an IPv4 address in IPv6 notation is that of no IPv6 network', async () => {
  const bus = await start()
  for (let host = 1; host <= 9; host += 1) await fail(bus, `::ffff:192.0.2.${host}`, LIMIT)
  const claim = (address: string) => from(bus, address, { 'x-api-key': MASTER }).post('/claim')
  expect((await claim('::ffff:192.0.2.77')).status).toBe(204)
  expect(refusal(await claim('192.0.2.9'))).toEqual(tooMany)
})

test('many names of clients give no more guesses than one', async () => {
  const bus = await start()
  const guess = (agent: string, password = 'a-guess') =>
    from(bus, '192.0.2.7', { ...basic('admin', password), 'user-agent': agent }).get('/admin/dead')
  expect((await guess('a-script', PASSWORD)).status).toBe(200)
  for (let i = 0; i < LIMIT; i += 1) expect((await guess(`guesser ${i}`)).status).toBe(401)
  for (let i = 0; i < 3; i += 1) expect(refusal(await guess(`another ${i}`))).toEqual(tooMany)
  expect(refusal(await guess('not known', PASSWORD))).toEqual(tooMany)
  expect((await guess('a-script', PASSWORD)).status).toBe(200)
})

test('a browser that logged in is not shut out by guesses of another one behind its address', async () => {
  const bus = await start()
  const browser = { ...basic('admin', PASSWORD), 'user-agent': 'Browser/1.0' }
  const page = await from(bus, '192.0.2.7', browser).get('/admin/dashboard')
  const [cookie, ...attributes] = page.headers.get('set-cookie')!.split('; ')
  expect(attributes).toEqual(['Path=/admin', 'Max-Age=15552000', 'HttpOnly', 'SameSite=Strict'])

  const guess = () =>
    from(bus, '192.0.2.7', { ...basic('admin', 'a-guess'), 'user-agent': 'Browser/1.0' }).get(
      '/admin/dashboard',
    )
  for (let i = 0; i < LIMIT; i += 1) expect((await guess()).status).toBe(401)
  expect(refusal(await guess())).toEqual(tooMany)

  const known = await from(bus, '192.0.2.7', { ...browser, cookie: cookie! }).get('/admin/dashboard')
  expect(known.status).toBe(200)
  expect(known.headers.get('set-cookie')).toBeNull()
  // The cookie opens nothing by itself, and gives no more guesses than an address has.
  const thief = (password: string) =>
    from(bus, '203.0.113.9', { ...basic('admin', password), cookie: cookie! }).get('/admin/dashboard')
  for (let i = 0; i < LIMIT; i += 1) expect((await thief(`guess-${i}`)).status).toBe(401)
  expect(refusal(await thief(PASSWORD))).toEqual(tooMany)
})

test('a browser that logged in is known after a restart, until its cookie ends or the password is another', async () => {
  const bus = await start()
  const visit = (password: string, cookie = '') =>
    from(bus, '192.0.2.7', { ...basic('admin', password), cookie }).get('/admin/dashboard')
  const cookie = (await visit(PASSWORD)).headers.get('set-cookie')!.split(';')[0]!
  const shutOut = async () => {
    for (let i = 0; i < LIMIT; i += 1) await visit('a-guess')
    expect(refusal(await visit(PASSWORD))).toEqual(tooMany)
  }

  await bus.restart()
  await shutOut()
  expect((await visit(PASSWORD, cookie)).status).toBe(200)
  const forged = [cookie.replace(/.$/, last => (last === '0' ? '1' : '0')), cookie.replace(/=./, '=_')]
  for (const other of [...forged, cookie.split('.')[0]!]) {
    expect(refusal(await visit(PASSWORD, other))).toEqual(tooMany)
  }

  bus.wallAheadMs = 180 * 86_400_000
  expect(refusal(await visit(PASSWORD, cookie))).toEqual(tooMany)
  bus.wallAheadMs = 0

  await bus.restart({ DASHBOARD_PASSWORD: 'another-one' })
  for (let i = 0; i < LIMIT; i += 1) await visit('a-guess')
  expect(refusal(await visit('another-one', cookie))).toEqual(tooMany)
})

test('a password that is too long to guess needs no cookie', async () => {
  const bus = await start({ DASHBOARD_PASSWORD: STRONG })
  const page = await from(bus, '192.0.2.7', basic('admin', STRONG)).get('/admin/dashboard')
  expect(page.status).toBe(200)
  expect(page.headers.get('set-cookie')).toBeNull()
})
