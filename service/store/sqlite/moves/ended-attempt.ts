import { errorOfLastFail, hasAttemptsLeft, REASON } from '../../../intent/lifecycle.ts'
import { backoffMs } from '../../../intent/retry.ts'
import type { HeldRow, IntentRow } from '../statements.ts'
import { DELAYED } from '../states.ts'
import type { WriterState } from '../writer-state.ts'
import { die } from './dead.ts'
import { payloadBytes } from './payload-bytes.ts'

/** What an attempt that came to nothing leads to: another one after a while, or the end. */

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
