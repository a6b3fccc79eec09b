import type { Route } from '../intent/routing.ts'
import type { Op } from '../store/operations.ts'
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts'
import type { Store } from '../store/store.ts'

/** Operations in one commit: filling is not what is measured. */
const BATCH = 2000
const DAY_MS = 24 * 3_600_000
export const ROUTE: Route = {
  namespace: 'default',
  publisher: 0,
  visibility: 'private',
  goal: 'bench',
  targetWorker: null,
  requiredCapability: null,
}

/** Queues `count` intents through the store itself; `routeOf` says where the i-th goes. */
export function queue(path: string, count: number, routeOf: (i: number) => Route): Promise<void> {
  return filled(path, Date.now(), async (commit, store) => {
    let ops: Op[] = []
    for (let i = 0; i < count; i += 1) {
      ops.push(publish(i, routeOf(i), DAY_MS))
      if (ops.length >= BATCH) {
        await commit(ops, store)
        ops = []
      }
    }
    await commit(ops, store)
  })
}

/** Intents that were fulfilled `daysAgo`: each is published, claimed and settled, at a clock set back. */
export function fulfilledLongAgo(path: string, count: number, daysAgo: number): Promise<void> {
  return filled(path, Date.now() - daysAgo * DAY_MS, async (commit, store) => {
    const ask = {
      keyId: 0,
      namespace: 'default',
      goal: 'bench',
      publisher: null,
      workerId: '',
      capabilities: [],
    }
    let ops: Op[] = []
    for (let i = 0; i < count; i += 1) {
      const token = hex(i)
      // Nothing else is ready, so the claim takes what was just published.
      ops.push(publish(i, ROUTE, DAY_MS))
      ops.push({ kind: 'claim', ask, tokens: [token], leaseMs: 60_000, nonce: null })
      ops.push({
        kind: 'fulfil',
        id: hex(i),
        keyId: 0,
        token,
        result: '{"sent":true}',
        resultType: 'json',
        nonce: null,
      })
      if (ops.length >= BATCH) {
        await commit(ops, store)
        ops = []
      }
    }
    await commit(ops, store)
  })
}

async function filled(
  path: string,
  now: number,
  fill: (commit: (ops: Op[], store: Store) => Promise<void>, store: Store) => Promise<void>,
): Promise<void> {
  const store = await openSqliteStore({ path, log: { info() {}, warn() {}, error: console.error } })
  try {
    await fill(async ops => {
      const { outcomes } = await store.commit(ops, now)
      const refused = outcomes.find(outcome => !outcome.ok)
      if (refused !== undefined) throw new Error(`prefill: ${JSON.stringify(refused)}`)
    }, store)
  } finally {
    await store.close()
  }
}

function publish(i: number, route: Route, ttlMs: number): Op {
  return {
    kind: 'publish',
    id: hex(i),
    route,
    payload: '{"to":"someone@example.org","subject":"hello","attempt":1}',
    priority: 100,
    delayMs: 0,
    ttlMs,
    maxAttempts: 3,
    backoffMs: 5000,
    openLimit: null,
    idempotency: null,
    nonce: null,
  }
}

/** Shaped like the ids of the bus: 32 characters that sort by age, and far below any real one. */
const hex = (i: number): string => i.toString(16).padStart(32, '0')
