import type { Statement } from 'better-sqlite3'
import { CLAIMED, DELAYED, READY } from './states.ts'
import type { Agenda, Step, WriterState } from './writer-state.ts'

export function earliestOf({ delayed, ready, claimed }: Agenda): number | null {
  const next = Math.min(delayed, ready, claimed)
  return next === Number.POSITIVE_INFINITY ? null : next
}

/** Asks the agenda when time next moves anything: three probes. */
export function lookAhead(w: WriterState): void {
  if (w.damage.isFound) {
    const next = (state: number, step: Step) => (w.leftOut.has(step) ? null : nextIn(w, state))
    const at = (due: { due_at: number } | null) => due?.due_at ?? Number.POSITIVE_INFINITY
    w.next = {
      delayed: at(next(DELAYED, 'due')),
      ready: at(next(READY, 'expired')),
      claimed: at(next(CLAIMED, 'leases')),
    }
    return
  }
  const first = (statement: Statement) =>
    (statement.get() as { due_at: number } | undefined)?.due_at ?? Number.POSITIVE_INFINITY
  w.next = {
    delayed: first(w.sql.nextDelayed),
    ready: first(w.sql.nextReady),
    claimed: first(w.sql.nextClaimed),
  }
}

/** Where there is damage. */
export function nextIn(w: WriterState, state: number) {
  return w.db.inTransaction ? w.detour.next(state) : w.detour.nextWherePossible(state)
}
