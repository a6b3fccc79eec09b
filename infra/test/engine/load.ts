/** Two publishers and a worker that go on while something is done to their bus. */
import { vi } from 'vitest'
import { IntentBus } from '../../../clients/typescript/src/index.ts'

export type Access = { url: string; key: string; adminToken: string }

export type Carried = {
  /** Intents that the bus acknowledged. */
  published: number
  /** How many intents more than before the bus holds as fulfilled. */
  fulfilled: number
  /** Acknowledged intents whose result is not that of their own payload. */
  wrong: string[]
  /** The longest that a publisher waited for an acknowledgement. */
  longestWaitMs: number
}

const PUBLISHERS = 2
/** That many before and after, so that there was work on both sides. */
const ENOUGH = 60

/** @param during what is done to the bus @throws what that throws, or when work does not go on afterwards */
export async function underLoad(access: Access, during: () => Promise<unknown>): Promise<Carried> {
  // A publisher that has no answer asks again with the same idempotency key, for as long as the bus is away.
  const bus = new IntentBus({ ...access, retries: 100, timeout: 5 })
  const goal = `kept-${crypto.randomUUID()}`
  const before = (await bus.admin.overview()).intents.fulfilled
  const payloadOf = new Map<string, number>()
  let next = 0
  let longestWaitMs = 0
  let over = false

  const worker = bus.worker(goal, job => (job.payload as number) * 2, {
    concurrency: 8,
    handleSignals: false,
  })
  const publishing = Array.from({ length: PUBLISHERS }, async () => {
    while (!over) {
      const payload = next++
      const began = performance.now()
      const { id } = await bus.publish(goal, payload)
      longestWaitMs = Math.max(longestWaitMs, performance.now() - began)
      payloadOf.set(id, payload)
    }
  })
  const reach = (count: number) =>
    vi.waitUntil(() => payloadOf.size >= count, { timeout: 90_000, interval: 20 })
  const fulfilled = async () => (await bus.admin.overview()).intents.fulfilled - before

  try {
    await reach(ENOUGH)
    await during()
    await reach(payloadOf.size + ENOUGH)
  } finally {
    over = true
    await Promise.all(publishing)
  }
  const published = payloadOf.size
  const settled = () => fulfilled().then(count => count >= published)
  // As long as a lease that was lost takes to run out, at most.
  await vi.waitUntil(settled, { timeout: 90_000, interval: 200 })
  await worker.stop()

  const wrong: string[] = []
  for (const [id, payload] of payloadOf) {
    const { result } = await bus.result(id)
    if (result !== payload * 2) wrong.push(id)
  }
  return { published, fulfilled: await fulfilled(), wrong, longestWaitMs }
}
