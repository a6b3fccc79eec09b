import { expect, test } from 'vitest'
import { busForTest } from '../support/bus.ts'
import { type Answer, refusal } from '../support/client.ts'

const INTENT = { goal: 'work', payload: {} }

function expectDraining(answer: Answer): void {
  expect(refusal(answer)).toEqual({ status: 503, code: 'draining', message: expect.any(String) })
  expect(answer.headers.get('retry-after')).toMatch(/^([1-9]|[1-5]\d|60)$/)
}

test('a bus that drains refuses writes with 503 draining and a wait, and answers reads', async () => {
  const stopping = await busForTest()
  const claim = await stopping.master.claimed()
  await stopping.broker.drain()
  for (const write of [
    () => stopping.master.post('/intent', INTENT),
    () => stopping.master.post('/claim'),
    () => stopping.master.fulfil(claim),
    () => stopping.master.post('/set/lamp', { value: 'on' }),
    () => stopping.nobody.post('/intent', INTENT),
  ]) {
    expectDraining(await write())
  }
  expect(await stopping.master.status(claim.id)).toMatchObject({ status: 'claimed' })
  expect((await stopping.nobody.get('/health')).status).toBe(200)
})

test('it finishes what it had taken', async () => {
  const stopping = await busForTest()
  const { promise, resolve: release } = Promise.withResolvers<void>()
  stopping.store.hold = promise
  const taken = stopping.master.post('/intent', INTENT)
  await expect.poll(() => stopping.broker.queued).toBe(1)
  const drained = stopping.broker.drain()
  expectDraining(await stopping.master.post('/intent', INTENT))
  release()
  const { status, json } = await taken
  expect(status).toBe(201)
  await drained
  await stopping.restart()
  expect(await stopping.master.claim()).toMatchObject({ id: json.id })
  expect(await stopping.master.claim()).toBeNull()
})
