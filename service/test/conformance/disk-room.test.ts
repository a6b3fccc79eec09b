import { expect, test } from 'vitest'
import { busForTest, METRICS_TOKEN } from '../support/bus.ts'
import { Client, refusal } from '../support/client.ts'

/** More than any disk has free. */
const NO_DISK_HAS = `${2 ** 50}`
const LOW = { status: 503, code: 'storage_full', message: expect.stringContaining('nearly full') }

test('with less room than is kept free, new intents and values are refused; all else works', async () => {
  const bus = await busForTest()
  const issued = await bus.issue()
  await issued.post('/set/lamp', { value: 'on' })
  await issued.publish({ namespace: 'other' }, { 'idempotency-key': 'once' })
  const claims = [await issued.claimed(), await issued.claimed(), await issued.claimed()]

  const ended = await issued.publish({ goal: 'ended' })
  await issued.post(`/cancel/${ended}`)

  await bus.restart({ BUS_MIN_FREE_DISK_BYTES: NO_DISK_HAS })
  const again = new Client(bus.url, issued.headers)
  for (const [path, body] of [
    ['/intent', { goal: 'work', payload: {} }],
    ['/intents', { intents: [{ goal: 'work', payload: {} }] }],
    ['/set/lamp', { value: 'off' }],
  ] as const) {
    for (const client of [again, bus.master]) {
      const answer = await client.post(path, body)
      expect(refusal(answer)).toMatchObject(LOW)
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
  }

  // A publisher's retry takes room as a publish does; one of an admin is taken.
  expect(refusal(await again.post(`/retry/${ended}`))).toMatchObject(LOW)
  expect((await bus.admin.post(`/admin/intents/${ended}/retry`)).status).toBe(200)

  // What was answered once is answered again: it writes nothing.
  await again.publish({ namespace: 'other' }, { 'idempotency-key': 'once' })
  expect((await again.get('/get/lamp')).json).toEqual({ value: 'on' })
  expect((await again.extend(claims[0]!, { seconds: 60 })).status).toBe(200)
  expect((await again.fulfil(claims[0]!, { result: { large: 'x'.repeat(10_000) } })).status).toBe(200)
  expect((await again.fail(claims[1]!)).status).toBe(200)
  expect(
    (await again.post(`/progress/${claims[2]!.id}`, { claim_token: claims[2]!.claim_token, progress: 5 }))
      .status,
  ).toBe(200)
  expect((await bus.admin.post('/admin/generate_key', { owner: 'late' })).status).toBe(201)
  expect((await bus.admin.post(`/admin/intents/${claims[2]!.id}/cancel`)).status).toBe(200)
  expect((await bus.admin.post('/admin/cleanup')).status).toBe(200)
  expect((await bus.admin.post('/admin/purge', { confirm: true })).status).toBe(200)
})

test('a disk that is low is a warning: the bus is ready, and says so in the log and in its metrics', async () => {
  const bus = await busForTest({ BUS_MIN_FREE_DISK_BYTES: NO_DISK_HAS })
  const { status, json } = await bus.nobody.get('/health/ready')
  expect([status, json]).toEqual([200, { ok: true, reasons: [], warnings: ['disk_low'], maintenance: false }])
  const said = bus.log.map(line => JSON.parse(line)).filter(line => line.warnings !== undefined)
  expect(said).toMatchObject([{ level: 40, msg: 'ready, with warnings', warnings: ['disk_low'] }])
  const { text } = await bus.nobody.get('/metrics', { authorization: `Bearer ${METRICS_TOKEN}` })
  expect(text).toMatch(/^intent_bus_disk_low 1$/m)
  expect(text).toMatch(/^intent_bus_disk_full 0$/m)
})

test('a key may hold so many bytes of values and open payloads, and the refusal names the limit and the way out', async () => {
  const bus = await busForTest({ BUS_MAX_KEY_BYTES: '30000', BUS_MAX_OPEN_INTENTS: '1' })
  const [issued, other] = [await bus.issue(), await bus.issue()]
  for (const key of ['a', 'b']) {
    expect((await issued.post(`/set/${key}`, { value: 'x'.repeat(14_000) })).status).toBe(200)
  }
  const refused = await issued.post('/set/c', { value: 'x'.repeat(14_000) })
  expect(refusal(refused)).toEqual({
    status: 429,
    code: 'limit_exceeded',
    message: expect.stringMatching(/28002 bytes .* 30000 .*BUS_MAX_KEY_BYTES.*shorter ttl/),
  })
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  // A value that grows no further is taken, and so is one of somebody else.
  expect((await issued.post('/set/a', { value: 'y'.repeat(14_000) })).status).toBe(200)
  expect((await other.post('/set/c', { value: 'x'.repeat(14_000) })).status).toBe(200)
  expect((await bus.master.post('/set/c', { value: 'x'.repeat(60_000) })).status).toBe(200)
  const [key] = (await bus.admin.get('/admin/keys')).json.keys.filter(
    (each: { key_id: number }) => each.key_id === 1,
  )
  expect(key.stored_bytes).toBe(28_002)
})

test('open payloads count too, until a worker has claimed them; one batch is counted as a whole', async () => {
  const bus = await busForTest({
    BUS_MAX_KEY_BYTES: '20000',
    BUS_MAX_OPEN_INTENTS: '2',
    BUS_MAX_PAYLOAD_BYTES: '4000',
  })
  const { json } = await bus.admin.post('/admin/generate_key', { owner: 'busy', open_limit: 1000 })
  const busy = bus.master.with({ 'x-api-key': json.api_key })
  const one = { goal: 'work', payload: 'x'.repeat(3998) }
  const tooMany = await busy.post('/intents', { intents: Array(6).fill(one) })
  expect(refusal(tooMany)).toMatchObject({ status: 429, code: 'limit_exceeded' })
  expect(refusal(tooMany).message).toMatch(/^intents\[5\]: .*BUS_MAX_KEY_BYTES/)
  for (let i = 0; i < 5; i += 1) await busy.publish(one)
  expect(refusal(await busy.post('/intent', one)).code).toBe('limit_exceeded')
  const claim = (await busy.claim())!
  await busy.publish(one)
  // Given back, it counts again.
  await busy.fail(claim)
  expect(refusal(await busy.post('/intent', one)).code).toBe('limit_exceeded')
})

test('as many open intents as a key may have fit in any case, each as large as may be, beside values', async () => {
  const bus = await busForTest({ BUS_MAX_KEY_BYTES: '1000', BUS_MAX_OPEN_INTENTS: '5' })
  const issued = await bus.issue()
  await issued.post('/set/a', { value: 'x'.repeat(900) })
  for (let i = 0; i < 5; i += 1) await issued.publish({ payload: 'x'.repeat(8190) })
  const [key] = (await bus.admin.get('/admin/keys')).json.keys
  expect(key.stored_bytes).toBe(901 + 5 * 8192)
})

test('what a key holds is known after a restart, and goes with the time of its values', async () => {
  const bus = await busForTest()
  const issued = await bus.issue()
  await issued.post('/set/ä', { value: 'é', ttl: 60 })
  await issued.publish({ payload: 'é' })
  const stored = async () => (await bus.admin.get('/admin/keys')).json.keys[0].stored_bytes
  expect(await stored()).toBe(4 + 4)
  await bus.restart()
  expect(await stored()).toBe(4 + 4)
  await bus.clock.advance(60_000)
  await bus.admin.post('/admin/cleanup')
  expect(await stored()).toBe(4)
})

test('the values of a key that is revoked go with it: nobody can read them any more', async () => {
  const bus = await busForTest()
  const issued = await bus.issue()
  for (let i = 0; i < 250; i += 1) await issued.post(`/set/k${i}`, { value: `revoked-value-${i}` })
  await bus.admin.post('/admin/revoke_key', { api_key: issued.key })
  expect(await bus.store.holdings()).toEqual(new Map())
  expect(await bus.store.value(1, 'k7', bus.clock.now())).toBeNull()
})
