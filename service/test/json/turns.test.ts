import { expect, test, vi } from 'vitest'
import { Turn } from '../../http/turns.ts'

/** What passes until work has its next turn, when the last one lasted so long: ms, and rounds of the event loop. */
async function pauseAfter(turnMs: number): Promise<{ ms: number; rounds: number }> {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0)
  const turn = new Turn()
  clock.mockReturnValue(turnMs)
  let isOn = false
  const next = turn.next().then(() => {
    isOn = true
  })
  clock.mockRestore()
  const from = performance.now()
  let rounds = 0
  for (; !isOn; rounds++) await new Promise(setImmediate)
  await next
  return { ms: performance.now() - from, rounds }
}

test('work that keeps to its turns goes on in the next round of the event loop', async () => {
  expect((await pauseAfter(2)).rounds).toBeLessThan(5)
})

// Timers may be up to a millisecond early.
test('work that lost the processor leaves it to others for twice as long, a tenth of a second at least', async () => {
  expect((await pauseAfter(20)).ms).toBeGreaterThan(98)
  expect((await pauseAfter(101)).ms).toBeGreaterThan(198)
})

test('no pause is much longer than half a second', async () => {
  const { ms } = await pauseAfter(60_000)
  expect(ms).toBeGreaterThan(498)
  // Half of what twice the turn would be, however slow the machine is.
  expect(ms).toBeLessThan(60_000)
})
