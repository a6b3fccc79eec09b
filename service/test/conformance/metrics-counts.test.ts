import { beforeEach, expect, test } from 'vitest'
import { METRICS } from '../../metrics/catalogue.ts'
import { MAX_NAMESPACES } from '../../metrics/namespaces.ts'
import { StorageError } from '../../store/store.ts'
import { busForFile, busForTest, METRICS_TOKEN, type TestBus } from '../support/bus.ts'
import { Client } from '../support/client.ts'

const bus = await busForFile()
const { master, nobody, admin } = bus
const wrong = new Client(bus.url, { 'x-api-key': 'tk_wrong' })

beforeEach(async () => {
  await admin.post('/admin/purge', { confirm: true })
  bus.chance.always = 0
})

async function scrape(of: TestBus): Promise<string> {
  return (await of.nobody.get('/metrics', { authorization: `Bearer ${METRICS_TOKEN}` })).text
}

/** Every series of the text, by its name and labels. */
const seriesOf = (text: string): Map<string, number> =>
  new Map(
    [...text.matchAll(/^(\w+(?:\{.*\})?) (\S+)$/gm)].map(([, series, value]) => [series!, Number(value)]),
  )

const EVENTS = METRICS.filter(({ kind }) => kind === 'counter').map(({ name }) => name)
const WAITS = ['intent_bus_publish_to_claim_seconds', 'intent_bus_claim_to_settle_seconds']

/** What an act adds to all that is counted: an empty object when it counts as nothing. */
async function counted(act: () => Promise<unknown>, of = bus): Promise<Record<string, number>> {
  const before = seriesOf(await scrape(of))
  await act()
  const added: Record<string, number> = {}
  for (const [series, value] of seriesOf(await scrape(of))) {
    const name = series.replace(/\{.*/, '')
    if (!EVENTS.includes(name) && !WAITS.some(wait => [`${wait}_sum`, `${wait}_count`].includes(name)))
      continue
    const change = value - (before.get(series) ?? 0)
    if (change !== 0) added[series.replace('intent_bus_', '')] = change
  }
  return added
}

test('what can be known up front is counted from 0', async () => {
  const fresh = await busForTest()
  const counters = [...seriesOf(await scrape(fresh))].filter(([series]) =>
    EVENTS.includes(series.replace(/\{.*/, '')),
  )
  expect(Object.fromEntries(counters)).toEqual({
    'intent_bus_connections_displaced_total{state="idle"}': 0,
    'intent_bus_connections_displaced_total{state="slow"}': 0,
    'intent_bus_connections_displaced_total{state="waiting"}': 0,
    'intent_bus_connections_refused_total{limit="address"}': 0,
    'intent_bus_connections_refused_total{limit="total"}': 0,
    intent_bus_long_polls_refused_total: 0,
    intent_bus_log_lines_dropped_total: 0,
    'intent_bus_published_total{namespace="default"}': 0,
    'intent_bus_claimed_total{namespace="default"}': 0,
    intent_bus_claims_empty_total: 0,
    'intent_bus_fulfilled_total{namespace="default"}': 0,
    'intent_bus_failed_total{namespace="default"}': 0,
    'intent_bus_retried_total{namespace="default"}': 0,
    'intent_bus_leases_expired_total{namespace="default"}': 0,
    'intent_bus_deaths_total{reason="max_retries",namespace="default"}': 0,
    'intent_bus_deaths_total{reason="cancelled",namespace="default"}': 0,
    'intent_bus_deaths_total{reason="expired",namespace="default"}': 0,
    'intent_bus_storage_failures_total{reason="full"}': 0,
    'intent_bus_storage_failures_total{reason="failed"}': 0,
    'intent_bus_storage_failures_total{reason="damaged"}': 0,
    intent_bus_rate_limited_total: 0,
    'intent_bus_auth_failures_total{kind="api_key"}': 0,
    'intent_bus_auth_failures_total{kind="signature"}': 0,
    'intent_bus_auth_failures_total{kind="admin"}': 0,
    'intent_bus_auth_failures_total{kind="metrics"}': 0,
    intent_bus_stale_timestamps_total: 0,
    'intent_bus_backups_total{outcome="success"}': 0,
    'intent_bus_backups_total{outcome="failure"}': 0,
    'intent_bus_backup_uploads_total{outcome="success"}': 0,
    'intent_bus_backup_uploads_total{outcome="failure"}': 0,
    intent_bus_idempotent_replays_total: 0,
  })
})

test('an intent is counted at each step, with how long it waited and how long it was held', async () => {
  await master.publish({ namespace: 'mail' })
  expect(await counted(() => master.publish({ namespace: 'mail' }))).toEqual({
    'published_total{namespace="mail"}': 1,
  })
  await bus.clock.advance(30_000)
  let claim = (await master.claim('?namespace=mail'))!
  expect(
    await counted(async () => {
      claim = (await master.claim('?namespace=mail'))!
    }),
  ).toEqual({
    'claimed_total{namespace="mail"}': 1,
    'publish_to_claim_seconds_count{namespace="mail"}': 1,
    'publish_to_claim_seconds_sum{namespace="mail"}': 30,
  })
  await bus.clock.advance(20_000)
  expect(await counted(() => master.fulfil(claim))).toEqual({
    'fulfilled_total{namespace="mail"}': 1,
    'claim_to_settle_seconds_count{namespace="mail"}': 1,
    'claim_to_settle_seconds_sum{namespace="mail"}': 20,
  })
  expect(await counted(() => master.fulfil(claim))).toEqual({})
})

test('a claim that finds nothing is counted as that', async () => {
  expect(await counted(() => master.claim('?namespace=empty'))).toEqual({ claims_empty_total: 1 })
})

test('a failure is a retry, and the last one a death', async () => {
  const { id } = await master.claimed({ max_attempts: 2 }).then(async claim => {
    expect(await counted(() => master.fail(claim))).toEqual({
      'failed_total{namespace="default"}': 1,
      'retried_total{namespace="default"}': 1,
      'claim_to_settle_seconds_count{namespace="default"}': 1,
    })
    return claim
  })
  await bus.clock.advance(60_000)
  const last = (await master.claim())!
  expect(last.id).toBe(id)
  expect(await counted(() => master.fail(last))).toEqual({
    'failed_total{namespace="default"}': 1,
    'deaths_total{reason="max_retries",namespace="default"}': 1,
    'claim_to_settle_seconds_count{namespace="default"}': 1,
  })
})

test('a lease that runs out is a retry, and the last one a death', async () => {
  await master.claimed({ max_attempts: 2 })
  expect(await counted(() => bus.clock.advance(60_000))).toEqual({
    'leases_expired_total{namespace="default"}': 1,
    'retried_total{namespace="default"}': 1,
  })
  await bus.clock.advance(60_000)
  await master.claim()
  expect(await counted(() => bus.clock.advance(60_000))).toEqual({
    'leases_expired_total{namespace="default"}': 1,
    'deaths_total{reason="max_retries",namespace="default"}': 1,
  })
})

test('an intent that nobody takes in time, and one that an admin cancels, die of that', async () => {
  const impatient = await busForTest({ BUS_INTENT_TTL_SECONDS: '60' })
  await impatient.master.publish()
  expect(await counted(() => impatient.clock.advance(60_000), impatient)).toEqual({
    'deaths_total{reason="expired",namespace="default"}': 1,
  })
  const id = await master.publish()
  const cancel = () => admin.post(`/admin/intents/${id}/cancel`)
  expect(await counted(cancel)).toEqual({ 'deaths_total{reason="cancelled",namespace="default"}': 1 })
  expect(await counted(cancel)).toEqual({})
})

test('an idempotent repeat is a replay and no publish', async () => {
  const publish = () => master.publish({}, { 'idempotency-key': 'once' })
  expect(await counted(publish)).toEqual({ 'published_total{namespace="default"}': 1 })
  expect(await counted(publish)).toEqual({ idempotent_replays_total: 1 })
})

test('a request over its rate limit is counted', async () => {
  const strict = await busForTest({ BUS_RATE_LIMIT: '1' })
  const client = await strict.issue()
  expect(await counted(() => client.get('/get/x'), strict)).toEqual({})
  expect(await counted(() => client.get('/get/x'), strict)).toEqual({ rate_limited_total: 1 })
})

test.each([
  ['api_key', () => nobody.get('/get/x')],
  ['api_key', () => wrong.get('/get/x')],
  ['signature', () => master.get('/get/x', { 'x-signature': 'ab' })],
  ['admin', () => nobody.get('/admin/dead')],
  ['metrics', () => nobody.get('/metrics')],
])('a request without good credentials is counted: %s', async (kind, act) => {
  expect(await counted(act)).toEqual({ [`auth_failures_total{kind="${kind}"}`]: 1 })
})

test('a request that was signed by a wrong clock is counted as that too', async () => {
  const signedAt = (timestamp: number) => master.signed('GET', '/get/x', '', { timestamp })
  expect(await counted(() => signedAt(bus.seconds() - 299))).toEqual({})
  for (const off of [-301, 301]) {
    expect(await counted(() => signedAt(bus.seconds() + off))).toEqual({
      'auth_failures_total{kind="signature"}': 1,
      stale_timestamps_total: 1,
    })
  }
})

test('a commit that the disk refuses is counted by its reason', async () => {
  const broken = await busForTest()
  for (const reason of ['full', 'failed', 'damaged'] as const) {
    broken.store.refuse = new StorageError(reason, 'no')
    const publish = () => broken.master.post('/intent', { goal: 'work', payload: {} })
    expect(await counted(publish, broken)).toEqual({ [`storage_failures_total{reason="${reason}"}`]: 1 })
  }
})

test('the depth is what is kept, in all and by namespace; the reference names show the same', async () => {
  const before = await bus.metric('intent_bus_tester_keys_total')
  await bus.issue()
  await master.publish({ namespace: 'mail' })
  await master.publish({ delay: 60 })
  await master.claimed({ namespace: 'photos' })
  await master.fulfil(await master.claimed({ namespace: 'photos' }))
  await master.fail(await master.claimed({ namespace: 'photos', max_attempts: 1 }))

  const now = seriesOf(await scrape(bus))
  for (const [state, count] of Object.entries({ open: 2, claimed: 1, fulfilled: 1, dead: 1 })) {
    expect(now.get(`intent_bus_depth{state="${state}"}`)).toBe(count)
    const reference = (namespace: string) =>
      now.get(`intent_bus_intents_total{status="${state}",namespace="${namespace}"}`) ?? 0
    expect(reference('default') + reference('mail') + reference('photos')).toBe(count)
    expect(reference('mail')).toBe(state === 'open' ? 1 : 0)
    expect(now.get(`intent_bus_namespace_depth{namespace="mail",state="${state}"}`)).toBe(
      state === 'open' ? 1 : 0,
    )
  }
  expect(now.get('intent_bus_dead_letters_total')).toBe(1)
  expect(now.get('intent_bus_tester_keys_total')).toBe(before! + 1)
  expect(now.get('intent_bus_lanes')).toBe(3)
})

test('the oldest ready intent ages with the clock, from when it was due', async () => {
  const age = () => bus.metric('intent_bus_oldest_ready_age_seconds')
  expect(await age()).toBe(0)
  await master.publish({ delay: 10 })
  await bus.clock.advance(9000)
  expect(await age()).toBe(0)
  await bus.clock.advance(31_000)
  expect(await age()).toBe(30)
  await master.publish({ priority: 900 })
  expect(await age()).toBe(30)
  await master.claim('?goal=work')
  await bus.clock.advance(5000)
  expect(await age()).toBe(35)
  await master.claim()
  expect(await age()).toBe(0)
})

test('workers that wait are counted by the namespace they wait for', async () => {
  const waiting = (namespace: string) =>
    bus.metric(`intent_bus_namespace_waiting_claims{namespace="${namespace}"}`)
  const answers = ['mail', 'mail', 'photos'].map(namespace =>
    master.post(`/claim?namespace=${namespace}&wait=60`),
  )
  await expect.poll(() => bus.metric('intent_bus_waiting_claims')).toBe(3)
  expect([await waiting('mail'), await waiting('photos'), await waiting('default')]).toEqual([2, 1, 0])
  await bus.clock.advance(60_000)
  await Promise.all(answers)
  expect([await waiting('mail'), await waiting('photos')]).toEqual([0, 0])
})

test(`namespaces beyond ${MAX_NAMESPACES} share the label other`, async () => {
  const crowded = await busForTest()
  for (let i = 0; i < MAX_NAMESPACES + 4; i += 1) await crowded.master.publish({ namespace: `n${i}` })
  const published = [...seriesOf(await scrape(crowded))].filter(([series]) =>
    series.startsWith('intent_bus_published_total'),
  )
  expect(published).toHaveLength(MAX_NAMESPACES + 1)
  // `default` has a label from the start.
  expect(await crowded.metric('intent_bus_published_total{namespace="n98"}')).toBe(1)
  expect(await crowded.metric('intent_bus_published_total{namespace="other"}')).toBe(5)
  expect(await crowded.metric('intent_bus_namespace_depth{namespace="other",state="open"}')).toBe(5)
})

test('the age of the oldest ready intent does not depend on how long intents live', async () => {
  const bus = await busForTest({ BUS_INTENT_TTL_SECONDS: '3600' })
  await bus.master.publish()
  await bus.clock.advance(30_000)
  expect(await bus.metric('intent_bus_oldest_ready_age_seconds')).toBe(30)
})
test('a replay is counted as a failed signature', async () => {
  const bus = await busForTest()
  const replay = () => bus.master.signed('GET', '/get/x', '', { timestamp: bus.seconds(), nonce: 'once' })
  expect((await replay()).status).toBe(404)
  expect((await replay()).status).toBe(403)
  expect(await bus.metric('intent_bus_auth_failures_total{kind="signature"}')).toBe(1)
})
test('a URL that cannot be decoded is counted', async () => {
  const bus = await busForTest()
  await bus.nobody.get('/status/%zz')
  expect(
    await bus.metric(
      'intent_bus_http_request_duration_seconds_count{method="GET",route="unmatched",status="400"}',
    ),
  ).toBe(1)
})
