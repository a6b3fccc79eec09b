import { JITTER_MS } from '../../../intent/retry.ts'
import type { SweepOp } from '../../operations.ts'
import { noCounts, type Outcome, type SweepCounts } from '../../outcomes.ts'
import type { IntentRow } from '../statements.ts'
import { DEAD, FULFILLED } from '../states.ts'
import type { Writer } from '../writer.ts'
import { deleteIntent } from './admin.ts'
import { expire, lapseAttempt, promoteDue } from './moves.ts'
import { dropLapsed } from './values.ts'

/** Fractional part of the golden ratio: multiples of it, modulo 1, spread evenly however many are drawn (Weyl). */
const SPREAD = 0.618033988749895

/** Up to `limit` rows of each kind of time-driven work. */
export function sweep(w: Writer, op: SweepOp): Outcome<'sweep'> {
  const leases = endLeases(w, op)
  const due = promoteDue(w, op.limit)
  const stale = expireReady(w, op.limit)
  const counts: SweepCounts = {
    ...noCounts(),
    expired_open_deleted: due.expired + stale,
    expired_claims_requeued: leases.retried,
    expired_claims_dead: leases.died,
  }
  const lanes = op.prune ? prune(w, op, counts) : 0
  const most = Math.max(
    leases.retried + leases.died,
    due.promoted + due.expired,
    lanes,
    ...Object.values(counts),
  )
  w.lookAhead()
  return { ok: true, value: { counts, done: most < op.limit } }
}

function endLeases(w: Writer, op: SweepOp): { retried: number; died: number } {
  let retried = 0
  let died = 0
  for (const row of w.sql.dueClaimed.all(w.now, op.limit) as IntentRow[]) {
    const jitterMs = ((op.seed + (retried + died) * SPREAD) % 1) * JITTER_MS
    const { namespace } = w.lanes.get(row.lane).route
    if (lapseAttempt(w, row, jitterMs) === 'retry') {
      retried += 1
      w.lapses.push({ id: row.id, namespace, what: 'lease_retried' })
    } else {
      died += 1
      w.lapses.push({ id: row.id, namespace, what: 'lease_died' })
    }
  }
  return { retried, died }
}

function expireReady(w: Writer, limit: number): number {
  const rows = w.sql.dueReady.all(w.now, limit) as IntentRow[]
  for (const row of rows) expire(w, row)
  return rows.length
}

function prune(w: Writer, op: SweepOp, counts: SweepCounts): number {
  for (const row of w.sql.dueFulfilled.all(w.now - op.keepFulfilledMs, op.limit) as IntentRow[]) {
    deleteIntent(w, row.n)
    w.lanes.move(w.lanes.get(row.lane), FULFILLED, null, 1, 0)
    counts.fulfilled_deleted += 1
  }
  for (const row of w.sql.dueDead.all(w.now - op.keepDeadMs, op.limit) as IntentRow[]) {
    deleteIntent(w, row.n)
    counts.dead_letters_deleted += w.sql.exhume.run(row.n).changes
    w.lanes.move(w.lanes.get(row.lane), DEAD, null, 1, 0)
    counts.dead_deleted += 1
  }
  counts.nonces_deleted = w.sql.lapsedNonces.run(op.limit, w.now).changes
  counts.idempotency_deleted = w.sql.lapsedIdempotent.run(op.limit, w.now).changes
  counts.store_deleted = dropLapsed(w, op.limit)
  return w.lanes.collect(op.limit)
}
