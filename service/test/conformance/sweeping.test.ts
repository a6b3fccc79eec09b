import { expect, test, vi } from 'vitest'
import type { Op } from '../../store/operations.ts'
import { busForTest } from '../support/bus.ts'

test('a backlog is worked off by one sweep at a time, in small steps', async () => {
  const bus = await busForTest({ BUS_INTENT_TTL_SECONDS: '5' })
  const intents = Array.from({ length: 950 }, () => ({ goal: 'work', payload: {} }))
  await bus.master.post('/intents', { intents })
  const commits = vi.spyOn(bus.store, 'commit')
  await bus.clock.advance(5000)

  const sweepsOf = (ops: readonly Op[]) => ops.filter(op => op.kind === 'sweep').length
  const sweeps = commits.mock.calls.map(([ops]) => sweepsOf(ops))
  expect(Math.max(...sweeps)).toBe(1)
  expect(sweeps.reduce((sum, count) => sum + count, 0)).toBe(950 / 50 + 1)
  expect(await bus.metric('intent_bus_deaths_total{reason="expired",namespace="default"}')).toBe(950)
})
