import { expect, test } from 'vitest'
import { busForTest } from '../support/bus.ts'
import { type Answer, refusal } from '../support/client.ts'

const INTENT = { goal: 'work', payload: {} }

function expectOverloaded(answer: Answer): void {
  expect(refusal(answer)).toEqual({ status: 503, code: 'overloaded', message: expect.any(String) })
  expect(answer.headers.get('retry-after')).toMatch(/^([1-9]|[1-5]\d|60)$/)
}

/** A bus on which two writes wait for the disk. */
async function crowded() {
  const slow = await busForTest({ BUS_MAX_QUEUED: '2' })
  const { promise, resolve: release } = Promise.withResolvers<void>()
  slow.store.hold = promise
  const waiting = [slow.master.post('/intent', INTENT), slow.master.post('/intent', INTENT)]
  await expect.poll(() => slow.broker.queued).toBe(2)
  return { slow, release, waiting }
}

test('the bus takes as many writes as BUS_MAX_QUEUED, and refuses others before any work', async () => {
  const { slow, release, waiting } = await crowded()
  expectOverloaded(await slow.master.post('/intent', { ...INTENT, goal: 'late' }))
  expectOverloaded(await slow.master.post('/claim'))
  expectOverloaded(await slow.admin.post('/admin/generate_key', { owner: 'Ada' }))
  expect(slow.broker.queued).toBe(2)

  release()
  for (const answer of await Promise.all(waiting)) expect(answer.status).toBe(201)
  expect(await slow.master.claim('?goal=late')).toBeNull()
  expect(await slow.master.claim()).not.toBeNull()
})

test('a crowded bus still answers reads, health and metrics', async () => {
  const { slow, release, waiting } = await crowded()
  expect((await slow.master.get('/get/absent')).status).toBe(404)
  expect((await slow.admin.get('/admin/dead')).status).toBe(200)
  expect((await slow.nobody.get('/health')).status).toBe(200)
  expect(await slow.metric('intent_bus_queued_operations')).toBe(2)
  release()
  await Promise.all(waiting)
})

test('what was refused spent no nonce', async () => {
  const { slow, release, waiting } = await crowded()
  const signed = { timestamp: slow.seconds(), nonce: 'kept-for-later' }
  const send = () => slow.master.signed('POST', '/intent', JSON.stringify(INTENT), signed)
  expectOverloaded(await send())
  release()
  await Promise.all(waiting)
  expect((await send()).status).toBe(201)
})
