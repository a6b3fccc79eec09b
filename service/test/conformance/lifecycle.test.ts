import { beforeEach, describe, expect, test } from 'vitest'
import { busForFile } from '../support/bus.ts'
import { refusal } from '../support/client.ts'

const bus = await busForFile()
const { master } = bus

beforeEach(async () => {
  await bus.admin.post('/admin/purge', { confirm: true })
  bus.chance.always = 0
})

test('publishing answers 201 with an id of 32 hex characters and leaves the intent open', async () => {
  const answer = await master.post('/intent', { goal: 'notify', payload: { text: 'hi' } })
  expect(answer.status).toBe(201)
  expect(answer.json).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{32}$/),
    status: 'published',
    namespace: 'default',
  })
  const status = await master.status(answer.json.id)
  expect(status).toEqual({
    id: answer.json.id,
    namespace: 'default',
    goal: 'notify',
    status: 'open',
    priority: 100,
    visibility: 'private',
    claim_attempts: 0,
    run_at: bus.clock.now() / 1000,
    claim_expires_at: null,
    target_worker: null,
    required_capability: null,
    completed_at: null,
    last_error: null,
    progress: null,
    progress_message: null,
    publisher: 'master',
    worker_id: null,
  })
})

test('a claim counts the attempt, issues a fresh token and leases for 60 s', async () => {
  const first = await master.claimed({ payload: { a: 1 }, priority: 7 })
  expect(first).toEqual({
    id: first.id,
    claim_token: expect.stringMatching(/^\S{16,}$/),
    namespace: 'default',
    goal: 'work',
    payload: { a: 1 },
    claim_attempts: 1,
    priority: 7,
    target_worker: null,
    required_capability: null,
    claim_timeout: 60,
  })
  const status = await master.status(first.id)
  expect(status).toMatchObject({ status: 'claimed', claim_attempts: 1 })
  expect(status.claim_expires_at).toBe(bus.clock.now() / 1000 + 60)

  await master.fail(first)
  await bus.clock.advance(10_000)
  const second = await master.claim()
  expect(second).toMatchObject({ id: first.id, claim_attempts: 2 })
  expect(second!.claim_token).not.toBe(first.claim_token)
})

test('nothing to take is 204 with Retry-After 1 and no body', async () => {
  const answer = await master.post('/claim')
  expect(answer.status).toBe(204)
  expect(answer.headers.get('retry-after')).toBe('1')
  expect(answer.text).toBe('')
})

test('fulfilling with the current token ends it, and clears last_error', async () => {
  const first = await master.claimed()
  await master.fail(first, { error: 'it broke' })
  await bus.clock.advance(10_000)
  const second = (await master.claim())!
  expect(await master.status(first.id)).toMatchObject({ last_error: 'it broke' })

  const answer = await master.fulfil(second)
  expect(answer.status).toBe(200)
  expect(answer.json).toEqual({ ok: true, id: first.id })
  const status = await master.status(first.id)
  expect(status).toMatchObject({ status: 'fulfilled', last_error: null, claim_expires_at: null })
  expect(status.completed_at).toBe(bus.clock.now() / 1000)
  expect(await master.claim()).toBeNull()
})

describe('backoff is base * 2^attempts plus a jitter in [0, 2) s', () => {
  test.each([
    { jitter: 0, attempts: 1, base: 5, seconds: 10 },
    { jitter: 0.25, attempts: 1, base: 5, seconds: 10.5 },
    { jitter: 0.999, attempts: 1, base: 1, seconds: 3.998 },
    { jitter: 0.5, attempts: 3, base: 7, seconds: 57 },
  ])('attempt $attempts, base $base, draw $jitter: $seconds s', async run => {
    bus.chance.always = run.jitter
    const id = await master.publish({ backoff_base: run.base, max_attempts: 20 })
    for (let attempt = 1; attempt <= run.attempts; attempt += 1) {
      const claim = (await master.claim())!
      expect(claim.id).toBe(id)
      const failed = await master.fail(claim)
      expect(failed.json).toEqual({ ok: true, id })
      if (attempt < run.attempts) await bus.clock.advance(run.base * 2 ** attempt * 1000 + 2000)
    }
    const { run_at, status } = await master.status(id)
    expect(status).toBe('open')
    expect(run_at - bus.clock.now() / 1000).toBeCloseTo(run.seconds, 3)

    await bus.clock.advance(run.seconds * 1000 - 1)
    expect(await master.claim()).toBeNull()
    await bus.clock.advance(1)
    expect((await master.claim())!.id).toBe(id)
  })
})

test('the jitter is drawn anew for each failure', async () => {
  bus.chance.always = null
  const drawn = new Set<number>()
  for (let i = 0; i < 40; i += 1) {
    const claim = await master.claimed({ backoff_base: 1 })
    await master.fail(claim)
    const { run_at } = await master.status(claim.id)
    const jitter = run_at - bus.clock.now() / 1000 - 2
    expect(jitter).toBeGreaterThanOrEqual(0)
    expect(jitter).toBeLessThanOrEqual(2)
    drawn.add(Math.round(jitter * 1000))
  }
  expect(drawn.size).toBeGreaterThan(20)
})

test('a failure without attempts left is a dead letter, with its error as the reason', async () => {
  const claim = await master.claimed({ max_attempts: 1, payload: [1] })
  await master.fail(claim, { error: 'it broke' })
  expect(await master.status(claim.id)).toMatchObject({ status: 'dead', claim_attempts: 1 })
  await bus.clock.advance(3_600_000)
  expect(await master.claim()).toBeNull()

  const { json } = await bus.admin.get(`/admin/dead/${claim.id}`)
  expect(json).toMatchObject({
    intent_id: claim.id,
    attempts: 1,
    reason: 'it broke',
    cause: 'max_retries',
    payload: [1],
  })
})

test('a failure without an error is remembered as unknown, and its text is cut at 500 characters', async () => {
  const claim = await master.claimed()
  await master.fail(claim)
  expect(await master.status(claim.id)).toMatchObject({ last_error: 'unknown' })
  const long = await master.claimed()
  await master.fail(long, { error: '🐛'.repeat(501) })
  expect(await master.status(long.id)).toMatchObject({ last_error: '🐛'.repeat(500) })
})

test('an intent that does not exist is 404 wherever an id stands', async () => {
  for (const id of ['0'.repeat(32), 'nonsense', 'A'.repeat(32)]) {
    for (const verb of ['fulfill', 'fail', 'extend_claim']) {
      expect(refusal(await master.post(`/${verb}/${id}`, { claim_token: 'x' }))).toMatchObject({
        status: 404,
        code: 'not_found',
        message: expect.stringContaining('not found'),
      })
    }
    for (const verb of ['status', 'result']) {
      expect(refusal(await master.get(`/${verb}/${id}`)).status).toBe(404)
    }
  }
})
