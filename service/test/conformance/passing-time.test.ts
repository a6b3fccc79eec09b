/** What becomes true as time goes by. Other files move the clock to the millisecond; on a bus elsewhere this is waited for. */
import { setImmediate } from 'node:timers/promises'
import { beforeEach, expect, test } from 'vitest'
import { JITTER_MS } from '../../intent/retry.ts'
import { busForFile } from '../support/bus.ts'
import { refusal } from '../support/client.ts'

const bus = await busForFile()
const { master, admin } = bus

/** The least there is. */
const LEASE_MS = 10_000
/** Beyond the moment itself: the clock of a bus elsewhere is read a little earlier or later than ours. */
const SOON_MS = 300

beforeEach(() => admin.post('/admin/purge', { confirm: true }))

test('what is delayed is given to nobody, and to whoever asks once it is due', async () => {
  const id = await master.publish({ delay: 2 })
  expect(await master.claim()).toBeNull()
  await bus.passes(2000 + SOON_MS)
  expect(await master.claim()).toMatchObject({ id, claim_attempts: 1 })
})

test('a failed attempt is tried again after its backoff, not before', async () => {
  const first = await master.claimed({ backoff_base: 1 })
  await master.fail(first)
  expect(await master.claim()).toBeNull()
  await bus.passes(2000 + JITTER_MS + SOON_MS)
  const second = await master.claim()
  expect(second).toMatchObject({ id: first.id, claim_attempts: 2 })
  expect(second!.claim_token).not.toBe(first.claim_token)
})

test('a worker that waits gets what falls due', async () => {
  const id = await master.publish({ delay: 2 })
  const answer = master.post('/claim?wait=30')
  while ((await bus.waitingClaims()) !== 1) await setImmediate()
  await bus.passes(2000 + SOON_MS)
  expect((await answer).json.id).toBe(id)
})

test('a lease that has run out settles nothing; after the last one there is a dead letter', async () => {
  const id = await master.publish({ max_attempts: 1 })
  const lost = (await master.claim('?lease=10'))!
  await bus.passes(LEASE_MS + SOON_MS)
  expect(refusal(await master.fulfil(lost))).toMatchObject({ status: 404, code: 'not_found' })
  expect(await master.status(id)).toMatchObject({ status: 'dead', last_error: expect.any(String) })
  expect((await admin.get(`/admin/dead/${id}`)).status).toBe(200)
})

test('a lease that was extended in time is good for as long as it was told', async () => {
  await master.publish()
  const held = (await master.claim('?lease=10'))!
  expect((await master.extend(held, { seconds: 60 })).json).toMatchObject({ extended_by: 60 })
  await bus.passes(LEASE_MS + SOON_MS)
  expect((await master.fulfil(held, { result: 'done' })).status).toBe(200)
})

test('a stored value is gone after its time to live', async () => {
  await master.post('/set/lamp', { value: 'on', ttl: 1 })
  expect((await master.get('/get/lamp')).json.value).toBe('on')
  await bus.passes(1000 + SOON_MS)
  expect((await master.get('/get/lamp')).status).toBe(404)
})
