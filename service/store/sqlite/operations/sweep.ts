import { JITTER_MS } from '../../../intent/retry.ts'
import type { SweepOp } from '../../operations.ts'
import { noCounts, type Outcome, type SweepCounts } from '../../outcomes.ts'
import { lookAhead } from '../agenda.ts'
import { expire } from '../moves/dead.ts'
import { lapseAttempt } from '../moves/ended-attempt.ts'
import { remove } from '../moves/gone.ts'
import { CLAIMED, DEAD, FULFILLED, READY } from '../states.ts'
import type { WriterState } from '../writer-state.ts'
import { dueRows, stepOf } from './due.ts'
import { promoteDue } from './promote-due.ts'
import { dropLapsed } from './values.ts'

/** Fractional part of the golden ratio: multiples of it, modulo 1, spread evenly however many are drawn (Weyl). */
const SPREAD = 0.618033988749895

/** Up to `limit` rows of each kind of time-driven work. */
export function sweep(w: WriterState, op: SweepOp): Outcome<'sweep'> {
  const leases = stepOf(w, 'leases', () => endLeases(w, op), { retried: 0, died: 0 })
  const due = stepOf(w, 'due', () => promoteDue(w, op.limit), { promoted: 0, expired: 0 })
  const stale = stepOf(w, 'expired', () => expireReady(w, op.limit), 0)
  const counts: SweepCounts = {
    ...noCounts(),
    expired_open_deleted: due.expired + stale,
    expired_claims_requeued: leases.retried,
    expired_claims_dead: leases.died,
  }
  const others = op.prune ? prune(w, op, counts) : 0
  const most = Math.max(
    leases.retried + leases.died,
    due.promoted + due.expired,
    others,
    ...Object.values(counts),
  )
  stepOf(w, 'look ahead', () => lookAhead(w), undefined)
  return { ok: true, value: { counts, done: most < op.limit } }
}

function endLeases(w: WriterState, op: SweepOp): { retried: number; died: number } {
  let retried = 0
  let died = 0
  for (const row of dueRows(w, CLAIMED, w.now, op.limit)) {
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

function expireReady(w: WriterState, limit: number): number {
  let expired = 0
  for (const row of dueRows(w, READY, w.now, limit)) {
    expire(w, row)
    expired += 1
  }
  return expired
}

/** @returns lanes and audit entries, whichever were more: they are not counted for the caller */
function prune(w: WriterState, op: SweepOp, counts: SweepCounts): number {
  stepOf(w, 'fulfilled', () => dropFulfilled(w, op, counts), undefined)
  stepOf(w, 'dead', () => dropDead(w, op, counts), undefined)
  const lapsed = (name: 'nonces' | 'idempotency keys', statement: 'lapsedNonces' | 'lapsedIdempotent') =>
    stepOf(w, name, () => w.sql[statement].run(op.limit, w.now).changes, 0)
  counts.nonces_deleted = lapsed('nonces', 'lapsedNonces')
  counts.idempotency_deleted = lapsed('idempotency keys', 'lapsedIdempotent')
  counts.store_deleted = stepOf(w, 'values', () => dropLapsed(w, op.limit), 0)
  const audit = () => w.sql.lapsedAudit.run(w.now - op.keepDeadMs, op.limit).changes
  const entries = stepOf(w, 'audit', audit, 0)
  return Math.max(
    entries,
    stepOf(w, 'lanes', () => w.lanes.collect(op.limit), 0),
  )
}

function dropFulfilled(w: WriterState, op: SweepOp, counts: SweepCounts): void {
  for (const row of dueRows(w, FULFILLED, w.now - op.keepFulfilledMs, op.limit)) {
    remove(w, { n: row.n, lane: row.lane, state: FULFILLED })
    counts.fulfilled_deleted += 1
  }
}

function dropDead(w: WriterState, op: SweepOp, counts: SweepCounts): void {
  for (const row of dueRows(w, DEAD, w.now - op.keepDeadMs, op.limit)) {
    counts.dead_letters_deleted += remove(w, { n: row.n, lane: row.lane, state: DEAD })
    counts.dead_deleted += 1
  }
}
