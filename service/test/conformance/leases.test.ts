import { beforeEach, describe, expect, test } from 'vitest'
import { busForFile, busForTest } from '../support/bus.ts'
import { type Claim, type Client, refusal } from '../support/client.ts'

const bus = await busForFile()
const { master } = bus

beforeEach(async () => {
  await bus.admin.post('/admin/purge', { confirm: true })
  bus.chance.always = 0
})

const VERBS = ['fulfil', 'fail', 'extend'] as const
const LOST = { status: 404, code: 'not_found', message: expect.stringContaining('not found') }

async function expectLost(client: Client, claim: Claim): Promise<void> {
  for (const verb of VERBS) expect(refusal(await client[verb](claim))).toMatchObject(LOST)
}

describe('a lease that has run out', () => {
  test.each([
    ['to the millisecond, its timer on time', () => bus.clock.advance(60_000)],
    ['to the millisecond, its timer late', () => bus.clock.skip(60_000)],
    ['long ago, its timer late', () => bus.clock.skip(3_600_000)],
  ])('%s: may not be fulfilled, failed or extended', async (_when, move) => {
    const claim = await master.claimed()
    await move()
    await expectLost(master, claim)
  })

  test.each(VERBS)('is alive one millisecond before: %s is 200', async verb => {
    const claim = await master.claimed()
    await bus.clock.advance(59_999)
    expect((await master[verb](claim)).status).toBe(200)
  })

  test('goes through the backoff of a failure on time, though nobody claims', async () => {
    const claim = await master.claimed({ backoff_base: 7 })
    await bus.clock.advance(59_999)
    expect(await master.status(claim.id)).toMatchObject({ status: 'claimed', last_error: null })
    await bus.clock.advance(1)
    expect(await master.status(claim.id)).toMatchObject({
      status: 'open',
      claim_attempts: 1,
      claim_expires_at: null,
      completed_at: null,
      last_error: 'Lease expired. Backing off.',
      run_at: bus.clock.now() / 1000 + 14,
    })
    await bus.clock.advance(13_999)
    expect(await master.claim()).toBeNull()
    await bus.clock.advance(1)
    expect(await master.claim()).toMatchObject({ id: claim.id, claim_attempts: 2 })
  })

  test('is dead when it was the last attempt: Max retries exceeded', async () => {
    const claim = await master.claimed({ max_attempts: 2, backoff_base: 1 })
    await bus.clock.advance(62_000)
    expect(await master.claim()).toMatchObject({ id: claim.id, claim_attempts: 2 })
    await bus.clock.advance(60_000)
    expect(await master.status(claim.id)).toMatchObject({
      status: 'dead',
      claim_attempts: 2,
      completed_at: bus.clock.now() / 1000,
      last_error: 'Lease expired. Backing off.',
    })
    const letter = await bus.admin.get(`/admin/dead/${claim.id}`)
    expect(letter.json).toMatchObject({ attempts: 2, reason: 'Max retries exceeded', cause: 'max_retries' })
  })

  test('is dead with the error of its last /fail as the reason, however many leases ran out since', async () => {
    const claim = await master.claimed({ max_attempts: 4, backoff_base: 1 })
    await master.fail(claim, { error: 'no paper' })
    await bus.clock.advance(4000)
    await master.fail((await master.claim())!, { error: 'no ink' })
    for (let attempt = 3; attempt <= 4; attempt += 1) {
      await bus.clock.advance(20_000)
      expect(await master.claim('', { 'x-worker-id': `pi-${attempt}` })).toMatchObject({ id: claim.id })
      await bus.clock.advance(60_000)
      expect((await master.status(claim.id)).last_error).toBe('Lease expired. Backing off.')
    }
    expect((await bus.admin.get('/admin/dead')).json[0]).toMatchObject({
      intent_id: claim.id,
      reason: 'no ink',
      cause: 'max_retries',
      worker_id: 'pi-4',
    })
    // A retry begins from nothing.
    await bus.admin.post(`/admin/intents/${claim.id}/retry`)
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      await master.claim()
      await bus.clock.advance(90_000)
    }
    expect((await bus.admin.get(`/admin/dead/${claim.id}`)).json.reason).toBe('Max retries exceeded')
  })

  test('backs off with a jitter below 2 s that is not the same for all', async () => {
    bus.chance.always = null
    const claims = []
    for (let i = 0; i < 30; i += 1) claims.push(await master.claimed({ backoff_base: 1 }))
    await bus.clock.advance(60_000)
    const jitters = new Set<number>()
    for (const { id } of claims) {
      const jitter = (await master.status(id)).run_at - bus.clock.now() / 1000 - 2
      expect(jitter).toBeGreaterThanOrEqual(0)
      expect(jitter).toBeLessThanOrEqual(2)
      jitters.add(Math.round(jitter * 1000))
    }
    expect(jitters.size).toBeGreaterThan(20)
  })
})

describe('a token', () => {
  test('of an earlier attempt is worthless while the next one runs', async () => {
    const first = await master.claimed({ backoff_base: 1 })
    await bus.clock.advance(62_000)
    const second = (await master.claim())!
    expect(second.id).toBe(first.id)
    await expectLost(master, first)
    expect((await master.fulfil(second)).status).toBe(200)
  })

  test('is worthless once it has settled its attempt', async () => {
    const fulfilled = await master.claimed()
    await master.fulfil(fulfilled, { result: 1 })
    await expectLost(master, fulfilled)
    expect(await master.status(fulfilled.id)).toMatchObject({ status: 'fulfilled' })
    const failed = await master.claimed()
    await master.fail(failed, { error: 'first' })
    await expectLost(master, failed)
    expect(await master.status(failed.id)).toMatchObject({ status: 'open', last_error: 'first' })
  })

  test('is worthless for another intent and from another key, be it the publisher’s or the master’s', async () => {
    const [alice, bob] = [await bus.issue(), await bus.issue()]
    await alice.publish({ visibility: 'public' })
    const claim = (await bob.claim())!
    const other = await bob.claimed()
    await expectLost(alice, claim)
    await expectLost(master, claim)
    await expectLost(bob, { ...claim, claim_token: other.claim_token })
    await expectLost(bob, { ...claim, claim_token: claim.claim_token.toUpperCase().padEnd(33, '0') })
    expect((await bob.fulfil(claim)).status).toBe(200)
  })

  test.each([undefined, null, ''])('that is %j is missing: 400', async token => {
    const claim = await master.claimed()
    for (const verb of VERBS) {
      const answer = await master[verb](claim, { claim_token: token })
      expect(refusal(answer)).toMatchObject({ status: 400, code: 'invalid_request' })
      expect(refusal(answer).message).toContain('Missing claim_token')
    }
    expect(await master.status(claim.id)).toMatchObject({ status: 'claimed' })
  })
})

test.each([
  [{}, 60],
  [{ seconds: null }, 60],
  [{ seconds: 'abc' }, 60],
  [{ seconds: 1 }, 10],
  [{ seconds: -5 }, 10],
  [{ seconds: '0' }, 10],
  [{ seconds: 300 }, 300],
  [{ seconds: '45' }, 45],
  [{ seconds: 45.9 }, 45],
  [{ seconds: 61 }, 61],
  [{ seconds: 86_400 }, 3600],
])('extending by %j gives %d s from now, and says so', async (fields, seconds) => {
  const claim = await master.claimed()
  await bus.clock.advance(50_000)
  const answer = await master.extend(claim, fields)
  expect(answer.status).toBe(200)
  expect(answer.json).toEqual({ ok: true, id: claim.id, extended_by: seconds })
  expect((await master.status(claim.id)).claim_expires_at).toBe(bus.clock.now() / 1000 + seconds)
  await bus.clock.advance(seconds * 1000 - 1)
  expect(await master.status(claim.id)).toMatchObject({ status: 'claimed', claim_attempts: 1 })
  await bus.clock.advance(1)
  expect(await master.status(claim.id)).toMatchObject({ status: 'open', claim_attempts: 1 })
})

test('BUS_LEASE_SECONDS sets how long a lease lasts; claim_timeout reports it', async () => {
  const { master, clock } = await busForTest({ BUS_LEASE_SECONDS: '120' })
  const claim = await master.claimed()
  expect(claim.claim_timeout).toBe(120)
  await clock.advance(119_999)
  expect(await master.status(claim.id)).toMatchObject({ status: 'claimed' })
  await clock.advance(1)
  expect(await master.status(claim.id)).toMatchObject({ status: 'open' })
})

describe('with BUS_REQUIRE_CLAIM_TOKEN=false', async () => {
  const lenient = await busForFile({ BUS_REQUIRE_CLAIM_TOKEN: 'false' })
  const bare = { claim_token: undefined }
  beforeEach(() => lenient.admin.post('/admin/purge', { confirm: true }))

  test.each([undefined, null, ''])('the key that holds the live lease settles with %j', async token => {
    const claim = await lenient.master.claimed()
    for (const verb of ['extend', 'fulfil'] as const) {
      expect((await lenient.master[verb](claim, { claim_token: token })).status).toBe(200)
    }
    const failing = await lenient.master.claimed()
    expect((await lenient.master.fail(failing, { claim_token: token })).status).toBe(200)
  })

  test('nobody else does, and not for long', async () => {
    const [alice, bob] = [await lenient.issue(), await lenient.issue()]
    await alice.publish({ visibility: 'public', goal: 'shared' })
    const claim = (await bob.claim('?goal=shared'))!
    for (const verb of VERBS) {
      expect(refusal(await alice[verb](claim, bare))).toMatchObject(LOST)
      expect(refusal(await lenient.master[verb](claim, bare))).toMatchObject(LOST)
    }
    lenient.clock.skip(60_000)
    for (const verb of VERBS) expect(refusal(await bob[verb](claim, bare))).toMatchObject(LOST)
  })

  test('a token that is sent is checked all the same', async () => {
    const claim = await lenient.master.claimed()
    await expectLost(lenient.master, { ...claim, claim_token: 'f'.repeat(32) })
    expect((await lenient.master.fulfil(claim)).status).toBe(200)
  })
})

describe('across a restart', () => {
  test('a lease goes on, its token is good, and it ends on time', async () => {
    const again = await busForTest()
    const [kept, left] = [await again.master.claimed(), await again.master.claimed()]
    await again.clock.advance(30_000)
    await again.restart()
    expect(await again.master.status(kept.id)).toMatchObject({ status: 'claimed' })
    await again.clock.advance(29_999)
    expect((await again.master.fulfil(kept)).status).toBe(200)
    expect(await again.master.status(left.id)).toMatchObject({ status: 'claimed' })
    await again.clock.advance(1)
    expect(await again.master.status(left.id)).toMatchObject({ status: 'open' })
  })

  test('a lease that ran out while the bus was down is lost, and backs off as soon as it is up', async () => {
    const again = await busForTest()
    const claim = await again.master.claimed()
    await again.stop()
    again.clock.skip(120_000)
    await again.start()
    await expectLost(again.master, claim)
    await again.clock.advance(0)
    expect(await again.master.status(claim.id)).toMatchObject({
      status: 'open',
      last_error: 'Lease expired. Backing off.',
    })
  })
})

test.each([
  [1, 10],
  [-5, 10],
  ['0', 10],
  [10, 10],
])('an extension by %j makes the lease shorter: it ends after %d s, on time', async (asked, seconds) => {
  // A bus of its own: no timer of another test's intent is set.
  const { master, clock } = await busForTest()
  const claim = await master.claimed()
  expect((await master.extend(claim, { seconds: asked })).json).toMatchObject({ extended_by: seconds })
  await clock.advance(seconds * 1000 - 1)
  expect(await master.status(claim.id)).toMatchObject({ status: 'claimed' })
  await clock.advance(1)
  expect(await master.status(claim.id)).toMatchObject({ status: 'open' })
})

test('an extension that does not say how long gives a whole lease, as BUS_LEASE_SECONDS has it', async () => {
  const { master, clock } = await busForTest({ BUS_LEASE_SECONDS: '300' })
  const claim = await master.claimed()
  await clock.advance(100_000)
  for (const fields of [{}, { seconds: null }, { seconds: 'abc' }]) {
    expect((await master.extend(claim, fields)).json).toMatchObject({ extended_by: 300 })
  }
  await clock.advance(299_999)
  expect((await master.fulfil(claim)).status).toBe(200)
})

test.each(['a\u0000b', '\ud800', 'x'.repeat(5000)])(
  'a token nobody could have been given is 404 as well',
  async token => {
    const claim = await master.claimed()
    const body = JSON.stringify({ claim_token: token })
    for (const verb of ['fulfill', 'fail', 'extend_claim']) {
      expect(refusal(await master.post(`/${verb}/${claim.id}`, body)).status).toBe(404)
    }
  },
)

test.each([5, true, ['t'], {}])(
  'a token that is no text (%j) is none: 400 Missing claim_token',
  async token => {
    const claim = await master.claimed()
    for (const verb of ['fulfill', 'fail', 'extend_claim']) {
      const answer = await master.post(`/${verb}/${claim.id}`, { claim_token: token })
      expect(refusal(answer)).toEqual({
        status: 400,
        code: 'invalid_request',
        message: 'Missing claim_token',
      })
    }
  },
)
