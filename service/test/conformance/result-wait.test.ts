import { setImmediate } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import { busForFile, busForTest } from '../support/bus.ts'
import { type Answer, type Client, refusal } from '../support/client.ts'

const bus = await busForFile()
const { master } = bus

beforeEach(async () => {
  await bus.admin.post('/admin/purge', { confirm: true })
  bus.chance.always = 0
})

const wait = (id: string, seconds = 60, client: Client = master) =>
  client.get(`/result/${id}?wait=${seconds}`)

/** Gives a request time to arrive and to begin waiting. */
async function arrived(answer: Promise<Answer>): Promise<void> {
  let done = false
  answer.finally(() => {
    done = true
  })
  for (let turns = 0; turns < 50; turns += 1) await setImmediate()
  await bus.store.settled()
  expect(done).toBe(false)
}

describe('a waiting publisher hears of the end as soon as it comes', () => {
  test('fulfilled, with its result', async () => {
    const claim = await master.claimed()
    const answer = wait(claim.id)
    await arrived(answer)
    await master.fulfil(claim, { result: { n: 1 } })
    expect((await answer).json).toMatchObject({ status: 'fulfilled', result: { n: 1 } })
  })

  test('failed for good', async () => {
    const claim = await master.claimed({ max_attempts: 1 })
    const answer = wait(claim.id)
    await arrived(answer)
    await master.fail(claim, { error: 'it broke' })
    expect((await answer).json).toMatchObject({ status: 'dead', error: 'it broke' })
  })

  test('its last lease ran out', async () => {
    await master.publish({ max_attempts: 1 })
    const claim = (await master.claim('?lease=10'))!
    const answer = wait(claim.id)
    await arrived(answer)
    await bus.clock.advance(10_000)
    expect((await answer).json).toMatchObject({ status: 'dead', error: 'Lease expired. Backing off.' })
  })

  test('expired', async () => {
    const id = await master.publish()
    await bus.clock.advance(86_400_000 - 1000)
    const answer = wait(id)
    await arrived(answer)
    await bus.clock.advance(1000)
    expect((await answer).json).toMatchObject({ status: 'dead', error: 'expired' })
  })

  test('cancelled', async () => {
    const id = await master.publish()
    const answer = wait(id)
    await arrived(answer)
    await bus.admin.post(`/admin/intents/${id}/cancel`)
    expect((await answer).json).toMatchObject({ status: 'dead', error: 'Cancelled by admin' })
  })

  test('settled in a batch', async () => {
    const claim = await master.claimed()
    const answer = wait(claim.id)
    await arrived(answer)
    await master.post('/fulfill', { items: [{ id: claim.id, claim_token: claim.claim_token }] })
    expect((await answer).json).toMatchObject({ status: 'fulfilled' })
  })
})

test('an end that came before is answered at once', async () => {
  const claim = await master.claimed()
  await master.fulfil(claim)
  expect((await wait(claim.id)).json).toMatchObject({ status: 'fulfilled' })
})

test('a failure that leaves an attempt is not the end; the present state is answered when the time runs out', async () => {
  const claim = await master.claimed()
  const answer = wait(claim.id, 5)
  await arrived(answer)
  await master.fail(claim, { error: 'once' })
  await arrived(answer)
  await bus.clock.advance(5000)
  expect((await answer).json).toMatchObject({ status: 'open', error: 'once' })
})

test('a drain answers with the present state', async () => {
  const own = await busForTest()
  const id = await own.master.publish()
  const answer = wait(id, 60, own.master)
  for (let turns = 0; turns < 50; turns += 1) await setImmediate()
  own.broker.beginDrain()
  expect((await answer).json).toMatchObject({ status: 'open' })
})

test('a key that is revoked waits no longer: 401 at once, and the others go on waiting', async () => {
  const revoked = await bus.issue()
  const id = await revoked.publish()
  const [gone, stays] = [wait(id, 60, revoked), wait(id)]
  await arrived(gone)
  await arrived(stays)
  await bus.admin.post('/admin/revoke_key', { api_key: revoked.key })
  expect(refusal(await gone)).toMatchObject({ status: 401, code: 'unauthorized' })
  await arrived(stays)
  await bus.admin.post(`/admin/intents/${id}/cancel`)
  expect((await stays).json).toMatchObject({ status: 'dead' })
})

test('a key that is rotated, or given another end, is answered with the present state', async () => {
  const key = await bus.issue()
  const id = await key.publish()
  const { key_id } = (await bus.admin.get('/admin/keys')).json.keys[0]
  for (const [call, fields] of [
    ['change_key', { expires_in: 3600 }],
    ['rotate_key', {}],
  ] as const) {
    const answer = wait(id, 60, key)
    await arrived(answer)
    await bus.admin.post(`/admin/${call}`, { key_id, ...fields })
    expect((await answer).json).toMatchObject({ status: 'open' })
  }
})

test('only who may read it may wait for it', async () => {
  const id = await master.publish()
  expect((await wait(id, 60, await bus.issue())).status).toBe(403)
  expect((await wait('0'.repeat(32))).status).toBe(404)
})

test.each(['-1', '61', 'soon', ''])('wait=%s is refused by name', async seconds => {
  const id = await master.publish()
  expect(refusal(await master.get(`/result/${id}?wait=${seconds}`))).toMatchObject({
    status: 400,
    message: expect.stringContaining('wait takes a number of seconds from 0 to 60'),
  })
})
