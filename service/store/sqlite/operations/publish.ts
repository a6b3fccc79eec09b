import type { KeyId } from '../../../intent/routing.ts'
import type { Outcome, PublishAllOp, Published, PublishOp } from '../../store.ts'
import { DELAYED, READY } from '../states.ts'
import type { Writer } from '../writer.ts'

type Remembered = { n: number; fingerprint: string; intent_id: string; namespace: string; expires_at: number }

export function publish(w: Writer, op: PublishOp): Outcome<'publish'> {
  const { route, idempotency } = op
  const earlier = remembered(w, op)
  if (earlier !== undefined) {
    if (earlier.fingerprint !== idempotency!.fingerprint)
      return { ok: false, refusal: 'idempotency_conflict' }
    return { ok: true, value: { id: earlier.intent_id, namespace: earlier.namespace, replayed: true } }
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

/** Looks at all of them before it does anything, because refusing one undoes none of the others. */
export function publishAll(w: Writer, { ops }: PublishAllOp): Outcome<'publishAll'> {
  const refused = firstRefusal(w, ops)
  if (refused !== null) return refused
  return { ok: true, value: ops.map(op => (publish(w, op) as { ok: true; value: Published }).value) }
}

function firstRefusal(w: Writer, ops: readonly PublishOp[]): Outcome<'publishAll'> | null {
  const fresh = new Map<string, string>()
  const added = new Map<KeyId, number>()
  for (const [item, op] of ops.entries()) {
    const { idempotency, openLimit, route } = op
    const { publisher } = route
    const key = idempotency === null ? null : `${publisher} ${idempotency.key}`
    const known = remembered(w, op)?.fingerprint ?? (key === null ? undefined : fresh.get(key))
    if (known !== undefined) {
      if (known !== idempotency!.fingerprint) return { ok: false, refusal: 'idempotency_conflict', item }
      continue
    }
    const sofar = added.get(publisher) ?? 0
    if (openLimit !== null && w.lanes.unsettled(publisher) + sofar >= openLimit) {
      return { ok: false, refusal: 'limit_exceeded', item }
    }
    if (key !== null) fresh.set(key, idempotency!.fingerprint)
    added.set(publisher, sofar + 1)
  }
  return null
}

/** What an idempotency key that still counts was used for; one that no longer does is dropped on the way. */
function remembered(w: Writer, { route, idempotency }: PublishOp): Remembered | undefined {
  if (idempotency === null) return undefined
  const earlier = w.sql.findIdempotent.get(route.publisher, idempotency.key) as Remembered | undefined
  if (earlier === undefined || earlier.expires_at > w.now) return earlier
  w.sql.dropIdempotent.run(earlier.n)
  return undefined
}
