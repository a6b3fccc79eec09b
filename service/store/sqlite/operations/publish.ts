import type { Outcome, PublishOp } from '../../store.ts'
import { DELAYED, READY } from '../states.ts'
import type { Writer } from '../writer.ts'

type Remembered = { n: number; fingerprint: string; intent_id: string; namespace: string; expires_at: number }

export function publish(w: Writer, op: PublishOp): Outcome<'publish'> {
  const { route, idempotency } = op
  if (idempotency !== null) {
    const earlier = w.sql.findIdempotent.get(route.publisher, idempotency.key) as Remembered | undefined
    if (earlier !== undefined) {
      if (earlier.expires_at > w.now) {
        if (earlier.fingerprint !== idempotency.fingerprint)
          return { ok: false, refusal: 'idempotency_conflict' }
        return { ok: true, value: { id: earlier.intent_id, namespace: earlier.namespace, replayed: true } }
      }
      w.sql.dropIdempotent.run(earlier.n)
    }
  }
  if (op.openLimit !== null && w.lanes.unsettled(route.publisher) >= op.openLimit) {
    return { ok: false, refusal: 'limit_exceeded' }
  }

  const lane = w.lanes.intern(route)
  const runAt = w.now + op.delayMs
  const expiresAt = runAt + op.ttlMs
  const state = op.delayMs > 0 ? DELAYED : READY
  const dueAt = state === DELAYED ? runAt : expiresAt
  const n = w.sql.insertIntent.run(
    op.id,
    lane.id,
    state,
    op.priority,
    op.maxAttempts,
    op.backoffMs,
    w.now,
    runAt,
    expiresAt,
    dueAt,
  ).lastInsertRowid as number
  w.sql.insertPayload.run(n, op.payload)
  w.lanes.move(lane, null, state)
  if (state === READY) {
    w.lanes.offer(lane, { priority: op.priority, runAt, attempts: 0, sequence: n, expiresAt })
    w.next.ready = Math.min(w.next.ready, expiresAt)
  } else {
    w.next.delayed = Math.min(w.next.delayed, runAt)
  }
  if (idempotency !== null) {
    const { key, fingerprint, expiresAt: keptUntil } = idempotency
    w.sql.keepIdempotent.run(route.publisher, key, fingerprint, op.id, route.namespace, keptUntil)
  }
  return { ok: true, value: { id: op.id, namespace: route.namespace, replayed: false } }
}
