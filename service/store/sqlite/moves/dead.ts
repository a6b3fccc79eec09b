import { type Death, REASON } from '../../../intent/lifecycle.ts'
import type { HeldRow, IntentRow } from '../statements.ts'
import { DEAD, READY } from '../states.ts'
import type { WriterState } from '../writer-state.ts'
import { openBytes } from './payload-bytes.ts'

/** @param lastError what `/status` shows from now on; cause and reason go into the dead letter */
export function die(w: WriterState, row: HeldRow, { cause, reason }: Death, lastError = reason): void {
  const lane = w.lanes.get(row.lane)
  w.sql.die.run(w.now, lastError, row.n)
  w.sql.bury.run(row.n, row.lane, row.attempts, reason, cause, w.now)
  if (row.state === READY) w.lanes.withdraw(lane, row.n)
  w.lanes.move(lane, row.state, DEAD, 1, openBytes(w, row))
}

/** An open one outlived its time. */
export function expire(w: WriterState, row: IntentRow): void {
  die(w, row, { cause: 'expired', reason: REASON.expired })
  w.lapses.push({ id: row.id, namespace: w.lanes.get(row.lane).route.namespace, what: 'expired' })
}
