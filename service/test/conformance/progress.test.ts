import { beforeEach, expect, test } from 'vitest'
import { busForFile } from '../support/bus.ts'
import { type Claim, refusal } from '../support/client.ts'

const bus = await busForFile()
const { master } = bus

beforeEach(() => bus.admin.post('/admin/purge', { confirm: true }))

const report = ({ id, claim_token }: Claim, fields: object) =>
  master.post(`/progress/${id}`, { claim_token, ...fields })

test('what a worker says of its progress is shown by /status', async () => {
  const claim = await master.claimed()
  expect(await master.status(claim.id)).toMatchObject({ progress: null, progress_message: null })
  const answer = await report(claim, { progress: 42.5, message: 'page 17 of 40' })
  expect([answer.status, answer.json]).toEqual([200, { ok: true, id: claim.id }])
  expect(await master.status(claim.id)).toMatchObject({ progress: 42.5, progress_message: 'page 17 of 40' })
  await report(claim, { progress: 43 })
  expect(await master.status(claim.id)).toMatchObject({ progress: 43, progress_message: null })
  await master.fulfil(claim)
  expect(await master.status(claim.id)).toMatchObject({ status: 'fulfilled', progress: 43 })
})

test('a new attempt begins with none', async () => {
  const claim = await master.claimed()
  await report(claim, { progress: 90 })
  await master.fail(claim)
  await bus.clock.advance(12_000)
  await master.claim()
  expect(await master.status(claim.id)).toMatchObject({ status: 'claimed', progress: null })
})

test('with seconds it extends the lease, without it leaves it', async () => {
  const claim = await master.claimed()
  const until = bus.clock.now() / 1000 + 60
  await report(claim, { progress: 1 })
  expect((await master.status(claim.id)).claim_expires_at).toBe(until)
  await bus.clock.advance(30_000)
  await report(claim, { progress: 2, seconds: 600 })
  expect((await master.status(claim.id)).claim_expires_at).toBe(bus.clock.now() / 1000 + 600)
  await report(claim, { progress: 3, seconds: 10 })
  await bus.clock.advance(10_000)
  expect(await master.status(claim.id)).toMatchObject({ status: 'open' })
})

test('a lost lease is 404, a missing token 400', async () => {
  const claim = await master.claimed()
  expect((await master.post(`/progress/${claim.id}`, { progress: 1 })).status).toBe(400)
  expect((await report({ ...claim, claim_token: 'x' }, { progress: 1 })).status).toBe(404)
  await bus.clock.advance(60_000)
  expect((await report(claim, { progress: 1 })).status).toBe(404)
})

test.each([
  [{}, /^Missing progress/],
  [{ progress: -1 }, /^progress takes a number from 0 to 100; it got -1/],
  [{ progress: 101 }, /^progress takes/],
  [{ progress: '50' }, /^progress takes/],
  [{ progress: 5, seconds: 9 }, /^seconds takes a whole number of seconds from 10 to 3600/],
  [{ progress: 5, seconds: 10.5 }, /^seconds takes/],
  [{ progress: 5, message: 'x'.repeat(501) }, /^message takes a text of 0 to 500 characters/],
  [{ progress: 5, message: 7 }, /^message takes/],
])('%j is refused by name: what came after 2.1 is checked, not clamped', async (fields, message) => {
  const claim = await master.claimed()
  const { status, code, message: got } = refusal(await report(claim, fields))
  expect({ status, code }).toEqual({ status: 400, code: 'invalid_request' })
  expect(got).toMatch(message)
})
