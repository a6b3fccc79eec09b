import { expect, test } from 'vitest'
import { busForFile, busForTest } from '../support/bus.ts'
import { Client, type Headings, refusal } from '../support/client.ts'
import { sign } from '../support/signing.ts'

const bus = await busForFile()
const { master } = bus

const now = () => ({ timestamp: bus.seconds() })
const SET = JSON.stringify({ value: 'on' })

/** A signed `POST /set/lamp`, whose headers the test may spoil; `undefined` takes one away. */
function setLamp(spoilt: Record<string, string | undefined> = {}, who = master, signing = now()) {
  const whole = sign({ method: 'POST', path: '/set/lamp', body: SET, key: who.key }, signing)
  const headers = Object.entries({ ...whole, ...spoilt }).filter(([, value]) => value !== undefined)
  return who.post('/set/lamp', SET, Object.fromEntries(headers) as Headings)
}

const refused = (message: unknown) => ({ status: 403, code: 'invalid_signature', message })

test('a good signature passes, on a POST and on a GET', async () => {
  expect((await master.signed('POST', '/set/lamp', SET, now())).status).toBe(200)
  const got = await master.signed('GET', '/get/lamp', '', now())
  expect([got.status, got.json]).toEqual([200, { value: 'on' }])
})

test.each([
  ['sorted by key', 'a=2&a=1&b=1'],
  ['sorted by key and value', 'a=1&a=2&b=1'],
])('a long body is signed as a short one is, over a query %s', async (_, query) => {
  const path = '/fulfill?b=1&a=2&a=1'
  const body = JSON.stringify({ items: [], filling: 'x'.repeat(3_000_001) })
  const signed = (text: string) =>
    master.signed('POST', path, text, { ...now(), canonical: `/fulfill?${query}` })
  expect((await signed(body)).status).toBe(200)

  const headers = sign(
    { method: 'POST', path, body, key: master.key },
    { ...now(), canonical: `/fulfill?${query}` },
  )
  const other = body.replace(/x"}$/, 'y"}')
  expect(refusal(await master.post(path, other, headers))).toEqual(refused('Bad signature'))
  expect((await master.post(path, body, headers)).status).toBe(200)
  expect(refusal(await master.post(path, body, headers))).toEqual(refused('Replay detected'))
})

test.each(['x-timestamp', 'x-nonce'])('a signature without its %s is refused', async name => {
  expect(refusal(await setLamp({ [name]: undefined }))).toEqual(refused(expect.stringMatching(/^Missing/)))
})

test('without X-Signature a request counts as unsigned, unless signatures are mandatory', async () => {
  expect((await setLamp({ 'x-signature': undefined })).status).toBe(200)
})

test.each(['x-timestamp', 'x-nonce', 'x-signature'])(
  'BUS_REQUIRE_SIGNATURES makes %s mandatory',
  async name => {
    const strict = await busForTest({ BUS_REQUIRE_SIGNATURES: 'true' })
    expect(refusal(await setLamp({ [name]: undefined }, strict.master))).toEqual(
      refused(expect.stringMatching(/^Missing/)),
    )
    expect((await setLamp({}, strict.master)).status).toBe(200)
  },
)

test('BUS_REQUIRE_SIGNATURES refuses whoever does not sign, at reads and at unknown addresses too', async () => {
  const strict = await busForTest({ BUS_REQUIRE_SIGNATURES: 'true' })
  for (const path of ['/get/lamp', `/status/${'0'.repeat(32)}`, '/no/such/thing']) {
    expect(refusal(await strict.master.get(path)).status).toBe(403)
    expect((await strict.master.signed('GET', path, '', now())).status).toBe(404)
  }
  const issued = await strict.issue()
  expect(refusal(await issued.post('/claim')).code).toBe('invalid_signature')
  expect((await issued.signed('POST', '/claim', '', now())).status).toBe(204)
})

test.each([
  [-301, 403],
  [-300, 200],
  [0, 200],
  [300, 200],
  [301, 403],
])('a timestamp %i s off is answered %i', async (off, status) => {
  const answer = await setLamp({}, master, { timestamp: bus.clock.now() / 1000 + off })
  expect(answer.status).toBe(status)
  if (status === 403) expect(refusal(answer)).toEqual(refused('Stale timestamp'))
})

test.each(['', 'now', '-5', '1e9', '0x6b49d200', '1800000000 s', '99999999999999999999'])(
  'a timestamp of %j is refused',
  async timestamp => {
    const answer = await master.signed('POST', '/set/lamp', SET, { timestamp })
    expect(refusal(answer)).toEqual(refused(expect.any(String)))
  },
)

test.each(['', 'two words', 'x'.repeat(129)])('a nonce of %j is refused', async nonce => {
  const answer = await master.signed('POST', '/set/lamp', SET, { ...now(), nonce })
  expect(refusal(answer)).toEqual(refused(expect.any(String)))
})

const digest = sign({ method: 'POST', path: '/set/lamp', body: SET, key: master.key }, now())['x-signature']!

test.each([
  ['is of another request', digest],
  ['is too short', digest.slice(1)],
  ['is too long', `${digest}0`],
  ['is no hex', 'g'.repeat(64)],
  ['is empty', ''],
])('a digest that %s is a bad signature', async (_how, signature) => {
  expect(refusal(await setLamp({ 'x-signature': signature }))).toEqual(refused('Bad signature'))
})

test('a digest in capitals is a bad signature, though it says the same', async () => {
  const good = sign({ method: 'POST', path: '/set/lamp', body: SET, key: master.key }, now())
  const capitals = { ...good, 'x-signature': good['x-signature']!.toUpperCase() }
  expect(capitals['x-signature']).not.toBe(good['x-signature'])
  expect(refusal(await master.post('/set/lamp', SET, capitals))).toEqual(refused('Bad signature'))
  expect((await master.post('/set/lamp', SET, good)).status).toBe(200)
})

test.each([
  ['the method', { method: 'GET', path: '/set/lamp', body: SET }],
  ['the path', { method: 'POST', path: '/set/lamps', body: SET }],
  ['the body', { method: 'POST', path: '/set/lamp', body: SET.replace('on', 'off') }],
])('%s is signed', async (_what, signed) => {
  const headers = sign({ ...signed, key: master.key }, now())
  expect(refusal(await master.post('/set/lamp', SET, headers))).toEqual(refused('Bad signature'))
})

test.each([
  ['the timestamp', { 'x-timestamp': `${bus.seconds() - 1}` }],
  ['the nonce', { 'x-nonce': 'another' }],
])('%s is signed', async (_what, spoilt) => {
  expect(refusal(await setLamp(spoilt))).toEqual(refused('Bad signature'))
})

test("another's key signs nothing of mine", async () => {
  const [mine, theirs] = [await bus.issue(), await bus.issue()]
  const headers = sign({ method: 'POST', path: '/set/lamp', body: SET, key: theirs.key }, now())
  expect(refusal(await mine.post('/set/lamp', SET, headers))).toEqual(refused('Bad signature'))
})

test.each([
  ['an empty body', '', 400],
  ['white space', '  {\t"value" :\r\n "on" }\n', 200],
  ['text beyond ASCII', '{"value":"café 🐛"}', 200],
  ['what is not UTF-8', Buffer.from('7b2276616c7565223a22ff227d', 'hex'), 400],
  ['what is no JSON', '{"value"', 400],
])('the bytes of the body are signed as they are: %s', async (_what, body, status) => {
  const signed = (signedBody: string | Buffer) =>
    sign({ method: 'POST', path: '/set/lamp', body: signedBody, key: master.key }, now())
  expect((await master.post('/set/lamp', body, signed(body))).status).toBe(status)
  const other = Buffer.concat([Buffer.from(body), Buffer.from(' ')])
  expect(refusal(await master.post('/set/lamp', body, signed(other)))).toEqual(refused('Bad signature'))
})

test('an issued key signs with itself, after a restart as well', async () => {
  const restarted = await busForTest()
  const { key } = await restarted.issue()
  const issued = () => new Client(restarted.url, { 'x-api-key': key })
  expect((await setLamp({}, issued())).status).toBe(200)
  await restarted.restart()
  expect((await issued().signed('GET', '/get/lamp', '', now())).json).toEqual({ value: 'on' })
  const byMaster = sign({ method: 'GET', path: '/get/lamp', body: '', key: restarted.master.key }, now())
  expect(refusal(await issued().get('/get/lamp', byMaster))).toEqual(refused('Bad signature'))
})

test.each([3_600_000, -3_600_000])(
  'clients sign by the wall clock, when it is %i ms from bus time as well',
  async ahead => {
    const drifted = await busForTest()
    const busTime = { timestamp: drifted.seconds() }
    drifted.wallAheadMs = ahead
    expect((await setLamp({}, drifted.master, { timestamp: drifted.seconds() })).status).toBe(200)
    expect(refusal(await setLamp({}, drifted.master, busTime))).toEqual(refused('Stale timestamp'))
  },
)
