import fc from 'fast-check'
import type { Ask, Route } from '../../intent/routing.ts'

/** One thing to do. Intents are named by a number taken modulo how many there are, so that shrinking keeps its sense. */
type PublishStep = {
  do: 'publish'
  route: Route
  priority: number
  delayMs: number
  maxAttempts: number
  key: number | null
  body: number
  limit: number | null
}
type SettleStep = {
  do: 'extend' | 'fulfil' | 'fail'
  pick: number
  keyId: number
  token: 'right' | 'wrong' | 'none'
}
export type Step =
  | PublishStep
  | { do: 'publishAll'; items: PublishStep[] }
  | { do: 'settleAll'; items: SettleStep[] }
  | { do: 'progress'; pick: number; percent: number; leaseMs: number | null }
  | { do: 'claim'; ask: Ask; leaseMs: number; most: number }
  | { do: 'release'; pick: number; token: 'right' | 'wrong' }
  | SettleStep
  | { do: 'cancel' | 'retry'; pick: number; publisher: number | null; limit: number | null }
  | { do: 'retryDead' | 'dropDead'; picks: number[] }
  | { do: 'set'; keyId: number; key: number; value: number; ttlMs: number }
  | { do: 'replay'; nonce: number }
  | { do: 'sweep' }

/** Steps of one turn share a commit. After them a namespace may be purged, or what has long ended pruned. */
export type Turn = { waitMs: number; steps: Step[]; purge: string | null; prune: boolean }

const few = <T>(...values: T[]) => fc.constantFrom(...values)
const keyId = few(0, 1)
const namespace = few('default', 'home')
const goal = few('notify', 'build')

const route: fc.Arbitrary<Route> = fc.record({
  namespace,
  publisher: keyId,
  visibility: few('private', 'public'),
  goal,
  targetWorker: few<string | null>(null, null, 'pi'),
  requiredCapability: few<string | null>(null, null, 'gpu'),
})
const ask: fc.Arbitrary<Ask> = fc.record({
  keyId,
  namespace,
  goal: fc.option(goal),
  publisher: few<number | null>(null, null, 0, 1),
  workerId: few('', 'pi'),
  capabilities: few<string[]>([], ['gpu'], ['gpu', 'camera']),
})
const pick = fc.nat(20)

const publish = fc.record({
  do: fc.constant('publish' as const),
  route,
  priority: few(0, 100, 1000),
  delayMs: few(0, 0, 0, 5_000),
  maxAttempts: few(1, 2, 3),
  key: few<number | null>(null, null, 1, 2),
  body: few(1, 2),
  limit: few<number | null>(null, null, 3),
})
const claim = fc.record({
  do: fc.constant('claim' as const),
  ask,
  leaseMs: few(10_000, 60_000),
  most: few(1, 1, 3, 40),
})
const release = fc.record({
  do: fc.constant('release' as const),
  pick,
  token: few('right' as const, 'right' as const, 'wrong' as const),
})
const settle = fc.record({
  do: few('fulfil' as const, 'fail' as const, 'fail' as const, 'extend' as const),
  pick,
  keyId,
  token: few('right' as const, 'right' as const, 'right' as const, 'wrong' as const, 'none' as const),
})
/** More than go through one statement at a time. */
const crowd = fc.integer({ min: 2, max: 40 })
const alike = fc
  .tuple(publish, crowd, fc.boolean())
  .map(([item, count, keyed]): PublishStep[] =>
    Array.from({ length: count }, (_, i) => ({ ...item, key: keyed ? i : null, limit: null })),
  )
const fulfils = fc
  .tuple(settle, crowd)
  .map(([item, count]) =>
    Array.from({ length: count }, (_, i) => ({ ...item, do: 'fulfil' as const, pick: item.pick + i })),
  )
const publishAll = fc.record({
  do: fc.constant('publishAll' as const),
  items: fc.oneof(
    fc.array(publish, { maxLength: 4 }),
    fc.tuple(alike, fc.array(publish, { maxLength: 2 })).map(lists => lists.flat()),
  ),
})
const settleAll = fc.record({
  do: fc.constant('settleAll' as const),
  items: fc.oneof(fc.array(settle, { maxLength: 4 }), fulfils),
})
const progress = fc.record({
  do: fc.constant('progress' as const),
  pick,
  percent: few(0, 50, 100),
  leaseMs: few<number | null>(null, 10_000, 120_000),
})
/** Of an admin, who has no limit, or of a key. */
const move = fc.record({
  do: few('cancel' as const, 'retry' as const),
  pick,
  publisher: few<number | null>(null, 0, 1),
  limit: few<number | null>(null, null, 3),
})
const deadLetters = fc.record({
  do: few('retryDead' as const, 'dropDead' as const),
  picks: fc.array(pick, { maxLength: 5 }),
})
const set = fc.record({
  do: fc.constant('set' as const),
  keyId,
  key: few(1, 2),
  value: few(1, 2),
  ttlMs: few(1_000, 600_000),
})
const replay = fc.record({ do: fc.constant('replay' as const), nonce: fc.nat(5) })
const sweep = fc.constant({ do: 'sweep' as const })

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: publish },
  { weight: 6, arbitrary: claim },
  { weight: 6, arbitrary: settle },
  { weight: 2, arbitrary: publishAll },
  { weight: 2, arbitrary: settleAll },
  { weight: 1, arbitrary: progress },
  { weight: 1, arbitrary: release },
  { weight: 2, arbitrary: move },
  { weight: 2, arbitrary: deadLetters },
  { weight: 1, arbitrary: set },
  { weight: 1, arbitrary: replay },
  { weight: 3, arbitrary: sweep },
)

export const turns: fc.Arbitrary<Turn[]> = fc.array(
  fc.record({
    waitMs: few(0, 0, 1, 5_000, 10_000, 60_000, 3_600_000),
    steps: fc.array(step, { minLength: 1, maxLength: 6 }),
    purge: few<string | null>(null, null, null, null, null, null, null, 'default', 'home'),
    prune: few(false, false, false, true),
  }),
  { minLength: 1, maxLength: 25 },
)
