import { type Death, errorOfLastFail, hasAttemptsLeft, REASON } from '../../../intent/lifecycle.ts'
import { backoffMs } from '../../../intent/retry.ts'
import type { HeldRow, IntentRow } from '../statements.ts'
import { DEAD, DELAYED, READY } from '../states.ts'
import type { WriterState } from '../writer-state.ts'
import { dueRows } from './due.ts'

/** The moves of an intent that more than one verb makes. Each keeps row, tallies and index of ready work in step. */

/** A worker gave its attempt up. @returns where the intent went */
export function failAttempt(w: WriterState, row: HeldRow, error: string, jitterMs: number): 'retry' | 'dead' {
  if (!hasAttemptsLeft(row.attempts, row.max_attempts)) {
    die(w, row, { cause: 'max_retries', reason: error }, error)
    return 'dead'
  }
  w.sql.backOff.run(...backingOff(w, row, jitterMs), error, row.n)
  return 'retry'
}

/** The lease of an attempt ran out. @returns where the intent went */
export function lapseAttempt(w: WriterState, row: IntentRow, jitterMs: number): 'retry' | 'dead' {
  const failedWith = errorOfLastFail(row.last_error, row.failed_with)
  if (!hasAttemptsLeft(row.attempts, row.max_attempts)) {
    const reason = failedWith ?? REASON.maxRetries
    die(w, row, { cause: 'max_retries', reason }, REASON.leaseExpired)
    return 'dead'
  }
  w.sql.lapse.run(...backingOff(w, row, jitterMs), REASON.leaseExpired, failedWith, row.n)
  return 'retry'
}

/** @returns the times that the row has from now on: `expires_at` moves along with `run_at` */
function backingOff(w: WriterState, row: HeldRow, jitterMs: number): [number, number, number] {
  const runAt = w.now + backoffMs(row.backoff_ms, row.attempts, jitterMs)
  w.lanes.move(w.lanes.get(row.lane), row.state, DELAYED, 1, payloadBytes(w, row.n))
  w.next.delayed = Math.min(w.next.delayed, runAt)
  return [runAt, runAt, runAt]
}

/** Of its payload: what a key's limit counts while the intent is open. */
export const payloadBytes = (w: WriterState, n: number): number =>
  (w.sql.payloadBytes.get(n) as { bytes: number }).bytes

/** 0 when it is not open: then it is not counted. */
export const openBytes = (w: WriterState, { n, state }: Pick<HeldRow, 'n' | 'state'>): number =>
  state === DELAYED || state === READY ? payloadBytes(w, n) : 0

/** @param lastError what `/status` shows from now on; cause and reason go into the dead letter */
export function die(w: WriterState, row: HeldRow, { cause, reason }: Death, lastError = reason): void {
  const lane = w.lanes.get(row.lane)
  w.sql.die.run(w.now, lastError, row.n)
  w.sql.bury.run(row.n, row.lane, row.attempts, reason, cause, w.now)
  if (row.state === READY) w.lanes.withdraw(lane, row.n)
  w.lanes.move(lane, row.state, DEAD, 1, openBytes(w, row))
}

export function expire(w: WriterState, row: IntentRow): void {
  die(w, row, { cause: 'expired', reason: REASON.expired })
  w.lapses.push({ id: row.id, namespace: w.lanes.get(row.lane).route.namespace, what: 'expired' })
}

/** Makes up to `limit` delayed intents that fell due ready (or dead, if they outlived their time while backing off). */
export function promoteDue(w: WriterState, limit: number): { promoted: number; expired: number } {
  let promoted = 0
  let expired = 0
  for (const row of dueRows(w, DELAYED, w.now, limit)) {
    if (row.expires_at <= w.now) {
      expire(w, row)
      expired += 1
      continue
    }
    const lane = w.lanes.get(row.lane)
    w.sql.promote.run(row.n)
    w.lanes.offer(lane, {
      priority: row.priority,
      runAt: row.run_at,
      attempts: row.attempts,
      sequence: row.n,
      expiresAt: row.expires_at,
    })
    w.lanes.move(lane, DELAYED, READY, 1, 0)
    w.next.ready = Math.min(w.next.ready, row.expires_at)
    promoted += 1
  }
  if (promoted + expired < limit) {
    const next = w.damage.isFound
      ? w.detour.next(DELAYED)
      : (w.sql.nextDelayed.get() as { due_at: number } | undefined)
    w.next.delayed = next?.due_at ?? Number.POSITIVE_INFINITY
  }
  return { promoted, expired }
}

export function deleteIntent(w: WriterState, n: number): void {
  w.sql.deleteIntent.run(n)
  w.sql.deletePayload.run(n)
  w.sql.deleteResult.run(n)
  w.damage.forget(n)
}
