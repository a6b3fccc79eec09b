import { describe, expect, test } from 'vitest'
import { busForTest, type TestBus } from '../support/bus.ts'

const DAY_MS = 86_400_000

const NOTHING = {
  ok: true,
  expired_open_deleted: 0,
  expired_claims_requeued: 0,
  expired_claims_dead: 0,
  fulfilled_deleted: 0,
  dead_deleted: 0,
  dead_letters_deleted: 0,
  store_deleted: 0,
  rate_limits_deleted: 0,
  idempotency_deleted: 0,
  nonces_deleted: 0,
}

const cleanup = async (bus: TestBus) => (await bus.admin.post('/admin/cleanup')).json

async function fulfilled({ master }: TestBus): Promise<string> {
  const claim = await master.claimed({ namespace: 'ended' })
  await master.fulfil(claim, { result: 'done' })
  return claim.id
}

async function dead({ master, admin }: TestBus): Promise<string> {
  const id = await master.publish({ namespace: 'ended' })
  await admin.post(`/admin/intents/${id}/cancel`)
  return id
}

/** The status of every answer that could still know of an intent: three reads, then its dead letter. */
async function traces({ master, admin }: TestBus, id: string): Promise<number[]> {
  const answers = [
    await master.get(`/status/${id}`),
    await master.get(`/result/${id}`),
    await admin.get(`/admin/intents/${id}`),
    await admin.get(`/admin/dead/${id}`),
  ]
  return answers.map(({ status }) => status)
}

test.each([
  ['7 days each when nothing is set', {}, 7 * DAY_MS, 7 * DAY_MS],
  [
    'as long as is set for each',
    { BUS_FULFILLED_RETENTION_SECONDS: '100', BUS_DEAD_RETENTION_SECONDS: '200' },
    100_000,
    200_000,
  ],
  [
    'as long as is set for each, the other way round',
    { BUS_FULFILLED_RETENTION_SECONDS: '200', BUS_DEAD_RETENTION_SECONDS: '100' },
    200_000,
    100_000,
  ],
])(
  'fulfilled and dead intents are kept %s, to the millisecond',
  async (_what, env, keepFulfilled, keepDead) => {
    const bus = await busForTest(env)
    const [good, bad] = [await fulfilled(bus), await dead(bus)]
    const ends = [
      { at: keepFulfilled, id: good, kept: [200, 200, 200, 404], gone: { fulfilled_deleted: 1 } },
      {
        at: keepDead,
        id: bad,
        kept: [200, 200, 200, 200],
        gone: { dead_deleted: 1, dead_letters_deleted: 1 },
      },
    ]
    const start = bus.clock.now()
    for (const at of new Set(ends.map(end => end.at).toSorted((a, b) => a - b))) {
      const ending = ends.filter(end => end.at === at)
      bus.clock.skip(start + at - 1 - bus.clock.now())
      expect(await cleanup(bus)).toEqual(NOTHING)
      for (const { id, kept } of ending) expect(await traces(bus, id)).toEqual(kept)

      bus.clock.skip(1)
      expect(await cleanup(bus)).toEqual(Object.assign({}, NOTHING, ...ending.map(({ gone }) => gone)))
      for (const { id } of ending) expect(await traces(bus, id)).toEqual([404, 404, 404, 404])
    }
    expect((await bus.admin.get('/admin/dead')).json).toEqual([])
  },
)

test('retention counts from the end of an intent, not from its start', async () => {
  const bus = await busForTest({ BUS_FULFILLED_RETENTION_SECONDS: '100' })
  const id = await bus.master.publish({ delay: 1000 })
  await bus.clock.advance(1_030_000)
  await bus.master.fulfil((await bus.master.claim())!)
  bus.clock.skip(99_999)
  expect(await cleanup(bus)).toEqual(NOTHING)
  expect(await bus.master.status(id)).toMatchObject({ status: 'fulfilled' })
})

test('an intent that was retried has no retention to run out', async () => {
  const bus = await busForTest({ BUS_DEAD_RETENTION_SECONDS: '100' })
  const id = await dead(bus)
  bus.clock.skip(90_000)
  await bus.admin.post(`/admin/intents/${id}/retry`)
  bus.clock.skip(90_000)
  expect(await cleanup(bus)).toEqual(NOTHING)
  expect(await bus.master.status(id)).toMatchObject({ status: 'open' })
})

test.each([
  ['every 60 s when nothing is set', {}, 60_000],
  ['as often as BUS_CLEANUP_INTERVAL_SECONDS says', { BUS_CLEANUP_INTERVAL_SECONDS: '7' }, 7000],
])('what has outlived its retention goes by itself, %s', async (_when, env, interval) => {
  const keep = { BUS_FULFILLED_RETENTION_SECONDS: '1', BUS_DEAD_RETENTION_SECONDS: '1' }
  const bus = await busForTest({ ...env, ...keep })
  for (let round = 0; round < 2; round += 1) {
    const [good, bad] = [await fulfilled(bus), await dead(bus)]
    await bus.clock.advance(interval - 1)
    expect(await traces(bus, good)).toEqual([200, 200, 200, 404])
    expect(await traces(bus, bad)).toEqual([200, 200, 200, 200])
    await bus.clock.advance(1)
    for (const id of [good, bad]) expect(await traces(bus, id)).toEqual([404, 404, 404, 404])
  }
})

test('POST /admin/cleanup does all that is due at once, and counts each kind', async () => {
  const bus = await busForTest()
  const key = await bus.issue()
  expect(await cleanup(bus)).toEqual(NOTHING)

  await key.post('/set/k', { value: 'v', ttl: 600 })
  await key.signed('GET', '/get/k', '', { timestamp: bus.seconds() })
  const untaken = await key.publish({ goal: 'untaken' }, { 'idempotency-key': 'once' })
  const [good, bad] = [await fulfilled(bus), await dead(bus)]
  const again = await bus.master.claimed()
  const last = await bus.master.claimed({ max_attempts: 1 })
  bus.clock.skip(7 * DAY_MS)

  expect(await cleanup(bus)).toEqual({
    ok: true,
    expired_open_deleted: 1,
    expired_claims_requeued: 1,
    expired_claims_dead: 1,
    fulfilled_deleted: 1,
    dead_deleted: 1,
    dead_letters_deleted: 1,
    store_deleted: 1,
    rate_limits_deleted: 1,
    idempotency_deleted: 1,
    nonces_deleted: 1,
  })
  for (const id of [good, bad]) expect(await traces(bus, id)).toEqual([404, 404, 404, 404])
  expect(await bus.master.status(again.id)).toMatchObject({ status: 'open', claim_attempts: 1 })
  const reasons = (await bus.admin.get('/admin/dead')).json.map(
    ({ intent_id, reason }: { intent_id: string; reason: string }) => [intent_id, reason],
  )
  expect(Object.fromEntries(reasons)).toEqual({ [untaken]: 'expired', [last.id]: 'Max retries exceeded' })
  expect(await cleanup(bus)).toEqual(NOTHING)
})

test('what is not due yet is left alone by a cleanup', async () => {
  const bus = await busForTest()
  const key = await bus.issue()
  await key.post('/set/k', { value: 'v', ttl: 86_400 })
  const id = await key.publish({}, { 'idempotency-key': 'once' })
  const claim = await bus.master.claimed()
  bus.clock.skip(59_999)
  expect(await cleanup(bus)).toEqual(NOTHING)
  expect((await key.get('/get/k')).json).toEqual({ value: 'v' })
  expect(await key.publish({}, { 'idempotency-key': 'once' })).toBe(id)
  expect((await bus.master.fulfil(claim)).status).toBe(200)
})

/** More than two steps of 100 rows, of one kind alone, so that no other kind keeps the cleanup going. */
describe('a cleanup of 230 rows finishes, whichever kind they are', () => {
  type Make = (bus: TestBus, i: number) => Promise<unknown>
  const unclaimed: Make = ({ master }, i) => master.publish({ goal: `${i}` })
  const claimed = async ({ master }: TestBus, i: number, fields: object) => {
    await master.publish({ goal: `${i}`, ...fields })
    return (await master.claim(`?goal=${i}`))!
  }
  test.each<[string, Make]>([
    ['expired_open_deleted', unclaimed],
    ['expired_claims_requeued', (bus, i) => claimed(bus, i, {})],
    ['expired_claims_dead', (bus, i) => claimed(bus, i, { max_attempts: 1 })],
    ['fulfilled_deleted', async (bus, i) => bus.master.fulfil(await claimed(bus, i, {}))],
    ['dead_deleted', dead],
    ['store_deleted', ({ master }, i) => master.post(`/set/k${i}`, { value: 'v' })],
    ['idempotency_deleted', ({ master }, i) => master.publish({}, { 'idempotency-key': `${i}` })],
    [
      'nonces_deleted',
      (bus, i) => bus.master.signed('GET', '/get/k', '', { timestamp: bus.seconds(), nonce: `${i}` }),
    ],
  ])('%s', async (kind, make) => {
    const bus = await busForTest()
    await Promise.all(Array.from({ length: 230 }, (_, i) => make(bus, i)))
    bus.clock.skip(7 * DAY_MS)
    expect(await cleanup(bus)).toMatchObject({ [kind]: 230 })
    expect(await cleanup(bus)).toEqual(NOTHING)
  })
})
