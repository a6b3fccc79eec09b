import { expect, test } from 'vitest'
import { busForTest } from '../support/bus.ts'
import { type Answer, type Claim, refusal } from '../support/client.ts'

const INTENT = { goal: 'work', payload: {} }

function expectDraining(answer: Answer): void {
  expect(refusal(answer)).toEqual({ status: 503, code: 'draining', message: expect.any(String) })
  expect(answer.headers.get('retry-after')).toMatch(/^([1-9]|[1-5]\d|60)$/)
}

test('a bus that drains refuses new work with 503 draining and a wait, and answers reads', async () => {
  const stopping = await busForTest()
  const claim = await stopping.master.claimed()
  await stopping.broker.drain()
  for (const write of [
    () => stopping.master.post('/intent', INTENT),
    () => stopping.master.post('/intents', { intents: [INTENT] }),
    () => stopping.master.post('/claim'),
    () => stopping.master.post('/set/lamp', { value: 'on' }),
    () => stopping.nobody.post('/intent', INTENT),
  ]) {
    expectDraining(await write())
  }
  expect(await stopping.master.status(claim.id)).toMatchObject({ status: 'claimed' })
  expect((await stopping.nobody.get('/health')).status).toBe(200)
})

test('it takes what workers report of the jobs they have, one by one and in batches, and keeps it', async () => {
  const stopping = await busForTest()
  const jobs = []
  for (let i = 0; i < 6; i += 1) jobs.push(await stopping.master.claimed({ max_attempts: 1 }))
  const [done, failed, held, doneMany, failedMany, cancelled] = jobs as [
    Claim,
    Claim,
    Claim,
    Claim,
    Claim,
    Claim,
  ]
  stopping.broker.beginDrain()
  const report = ({ claim_token }: Claim, more: object = {}) => ({ claim_token, ...more })
  const item = ({ id, claim_token }: Claim) => ({ items: [{ id, claim_token }] })
  for (const [path, body] of [
    [`/fulfill/${done.id}`, report(done, { result: 1 })],
    [`/fail/${failed.id}`, report(failed)],
    [`/extend_claim/${held.id}`, report(held, { seconds: 600 })],
    [`/progress/${held.id}`, report(held, { progress: 50 })],
    ['/fulfill', item(doneMany)],
    ['/fail', item(failedMany)],
    ['/extend_claim', item(held)],
    [`/cancel/${cancelled.id}`, {}],
  ] as const) {
    const answer = await stopping.master.post(path, body)
    expect([path, answer.status, answer.json.items?.[0].ok ?? true]).toEqual([path, 200, true])
  }
  await stopping.restart()
  const states = await Promise.all(jobs.map(({ id }) => stopping.master.status(id)))
  expect(states.map(({ status }) => status)).toEqual([
    'fulfilled',
    'dead',
    'claimed',
    'fulfilled',
    'dead',
    'dead',
  ])
  expect(states[2]).toMatchObject({ progress: 50 })
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
