import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ClaimOp, FulfilOp, Op, PublishOp } from '../../store/operations.ts'
import type { Claimed, Outcome } from '../../store/outcomes.ts'
import { fromOpRow, fromOutcomeRow, toOpRow, toOutcomeRow } from '../../store/sqlite/rows.ts'

const text = fc.string({ maxLength: 5 })
const orNull = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: null })
const ms = fc.nat()
const nonce = orNull(fc.record({ keyId: fc.nat(), value: text, expiresAt: ms }))
const visibility = fc.constantFrom<'private' | 'public'>('private', 'public')

const route = fc.record({
  namespace: text,
  publisher: fc.nat(),
  visibility,
  goal: text,
  targetWorker: orNull(text),
  requiredCapability: orNull(text),
})

const publish: fc.Arbitrary<PublishOp> = fc.record({
  kind: fc.constant('publish'),
  id: text,
  route,
  payload: text,
  priority: fc.integer(),
  delayMs: ms,
  ttlMs: ms,
  maxAttempts: fc.nat(),
  backoffMs: ms,
  openLimit: orNull(fc.nat()),
  idempotency: orNull(fc.record({ key: text, fingerprint: text, expiresAt: ms })),
  nonce,
})

const claim: fc.Arbitrary<ClaimOp> = fc.record({
  kind: fc.constant('claim'),
  ask: fc.record({
    keyId: fc.nat(),
    namespace: text,
    goal: orNull(text),
    publisher: orNull(fc.nat()),
    workerId: text,
    capabilities: fc.array(text, { maxLength: 3 }),
  }),
  tokens: fc.array(text, { minLength: 1, maxLength: 6 }),
  leaseMs: ms,
  nonce,
})

const resultType = fc.constantFrom<'json' | 'text'>('json', 'text')
const fulfil: fc.Arbitrary<FulfilOp> = fc.record({
  kind: fc.constant('fulfil'),
  id: text,
  keyId: fc.nat(),
  token: orNull(text),
  result: orNull(text),
  resultType,
  nonce,
})

/** Some of those that cross as they are, or as columns. */
const others: fc.Arbitrary<Op> = fc.oneof(
  nonce.map((value): Op => ({ kind: 'witness', nonce: value })),
  fc.array(publish, { maxLength: 6 }).map((ops): Op => ({ kind: 'publishAll', ops, nonce: null })),
  fc.array(fulfil, { maxLength: 6 }).map((ops): Op => ({ kind: 'settleAll', ops, nonce: null })),
  text.map((hash): Op => ({ kind: 'revokeKey', hash: Buffer.from(hash) })),
)

const anyOp = fc.oneof(publish, claim, fulfil, others)

const claimed: fc.Arbitrary<Claimed> = fc.record({
  id: text,
  route,
  payload: text,
  attempts: fc.nat(),
  priority: fc.integer(),
  token: text,
  leaseMs: ms,
  waitedMs: ms,
})

const became = fc.constantFrom<'fulfilled' | 'retry' | 'dead'>('fulfilled', 'retry', 'dead')
const settled = fc.record({ id: text, namespace: text, heldMs: ms, became })
const published = fc.record({ id: text, namespace: text, replayed: fc.boolean() })
const well = <T>(value: fc.Arbitrary<T>) => value.map(one => ({ ok: true, value: one }) as Outcome)
const refused = fc.constant<Outcome>({ ok: false, refusal: 'too_many_bytes', held: 5, most: 4 })

/** What may come of it. */
function outcomeOf(op: Op): fc.Arbitrary<Outcome> {
  if (op.kind === 'publish') return fc.oneof(well(published), refused)
  if (op.kind === 'claim') {
    return fc.oneof(well(fc.array(claimed, { maxLength: op.tokens.length })), refused)
  }
  if (op.kind === 'fulfil') return fc.oneof(well(settled), refused)
  if (op.kind === 'publishAll')
    return well(fc.array(published, { minLength: op.ops.length, maxLength: op.ops.length }))
  if (op.kind === 'settleAll') {
    const each = fc.oneof(well(settled), refused)
    return well(fc.array(each, { minLength: op.ops.length, maxLength: op.ops.length }))
  }
  return well(fc.constant(null))
}

/** As a port gives it to the other thread. */
const crossed = <T>(message: T): T => structuredClone(message)

describe('what crosses between the threads as a row', () => {
  test('operations come out as they went in, in their order', () => {
    fc.assert(
      fc.property(fc.array(anyOp, { maxLength: 8 }), ops => {
        expect(fromOpRow(crossed(toOpRow(ops)))).toEqual(ops)
      }),
    )
  })

  test('so do their outcomes', () => {
    const opAndOutcome = anyOp.chain(op => outcomeOf(op).map(outcome => ({ op, outcome })))
    fc.assert(
      fc.property(fc.array(opAndOutcome, { maxLength: 8 }), pairs => {
        const ops = pairs.map(({ op }) => op)
        const outcomes = pairs.map(({ outcome }) => outcome)
        expect(fromOutcomeRow(crossed(toOutcomeRow(ops, outcomes)))).toEqual(outcomes)
      }),
    )
  })
})
