import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { busForTest, type TestBus } from '../support/bus.ts'
import { refusal } from '../support/client.ts'

const MOST = 3
const start = () => busForTest({ BUS_MAX_LONG_POLLS_PER_KEY: `${MOST}`, BUS_RATE_LIMIT: '1000' })

async function waiting(bus: TestBus, count: number): Promise<void> {
  while ((await bus.waitingClaims()) !== count) await setImmediate()
}

test('a key has so many requests waiting at once, for work and for results; further ones are refused', async () => {
  const bus = await start()
  const [worker, other] = [await bus.issue('worker'), await bus.issue('other')]
  const id = await worker.publish({ goal: 'slow' })
  const polls = [
    worker.post('/claim?goal=none&wait=60'),
    worker.post('/claim?goal=none&wait=60'),
    worker.post('/claim?max=2&goal=none&wait=60'),
  ]
  await waiting(bus, MOST)
  for (const path of ['/claim?wait=60', '/claim?max=5&wait=1']) {
    const refused = await worker.post(path)
    expect(refusal(refused)).toEqual({
      status: 429,
      code: 'limit_exceeded',
      message: expect.stringContaining('BUS_MAX_LONG_POLLS_PER_KEY'),
    })
    expect(refused.headers.get('retry-after')).toBe('5')
  }
  expect(refusal(await worker.get(`/result/${id}?wait=1`)).code).toBe('limit_exceeded')
  // Those that do not wait, and those of others, are served.
  expect((await worker.get(`/result/${id}`)).status).toBe(200)
  expect((await worker.post('/claim?goal=none')).status).toBe(204)
  const others = other.post('/claim?goal=none&wait=60')
  await waiting(bus, MOST + 1)

  await bus.clock.advance(60_000)
  expect((await Promise.all(polls)).map(({ status }) => status)).toEqual([204, 204, 204])
  expect((await others).status).toBe(204)
  const again = worker.post('/claim?goal=none&wait=60')
  await waiting(bus, 1)
  await bus.clock.advance(60_000)
  expect((await again).status).toBe(204)
})

test('the master key has no such limit', async () => {
  const bus = await start()
  const polls = Array.from({ length: 2 * MOST }, () => bus.master.post('/claim?wait=60'))
  await waiting(bus, 2 * MOST)
  await bus.clock.advance(60_000)
  expect((await Promise.all(polls)).every(({ status }) => status === 204)).toBe(true)
})
