import { expect, test } from 'vitest'
import { busForTest, type TestBus } from '../support/bus.ts'

const saidBy = (bus: TestBus) =>
  bus.log
    .map(line => JSON.parse(line) as { msg: string; [field: string]: unknown })
    .filter(({ msg }) => msg.includes('dead letter'))

test('each dead letter has a line in the log, with its cause and not with what the worker said', async () => {
  const bus = await busForTest()
  const failed = await bus.master.claimed({ namespace: 'mail', max_attempts: 1 })
  await bus.master.fail(failed, { error: 'the password is hunter2' })
  const cancelled = await bus.master.publish()
  await bus.admin.post(`/admin/intents/${cancelled}/cancel`)
  const lapsed = await bus.master.claimed({ max_attempts: 1 })
  await bus.clock.advance(60_000)
  expect(saidBy(bus)).toMatchObject([
    { level: 30, msg: 'dead letter', intent: failed.id, namespace: 'mail', cause: 'max_retries' },
    { msg: 'dead letter', intent: cancelled, cause: 'cancelled' },
    { msg: 'dead letter', intent: lapsed.id, cause: 'max_retries' },
  ])
  expect(bus.log.join()).not.toContain('hunter2')
})

test('many that die at once share a line, which counts them and names ten', async () => {
  const bus = await busForTest()
  for (let i = 0; i < 30; i += 1) await bus.master.publish()
  await bus.clock.advance(86_400_000)
  expect(saidBy(bus)).toEqual([
    expect.objectContaining({ msg: 'dead letters', count: 30, causes: { expired: 30 } }),
  ])
  expect(saidBy(bus)[0]!['intents']).toHaveLength(10)
})

test('a second has ten lines at most; the rest is counted when it is over', async () => {
  const bus = await busForTest()
  for (let i = 0; i < 25; i += 1) await bus.master.fail(await bus.master.claimed({ max_attempts: 1 }))
  expect(saidBy(bus)).toHaveLength(10)
  await bus.clock.advance(1000)
  expect(saidBy(bus)).toHaveLength(11)
  expect(saidBy(bus).at(-1)).toMatchObject({ count: 15 })
})
