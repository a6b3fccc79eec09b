import { expire } from '../moves/dead.ts'
import { promote } from '../moves/open.ts'
import { DELAYED } from '../states.ts'
import type { WriterState } from '../writer-state.ts'
import { dueRows } from './due.ts'

/** Makes up to `limit` delayed intents that fell due ready (or dead, if they outlived their time while backing off). */
export function promoteDue(w: WriterState, limit: number): { promoted: number; expired: number } {
  let promoted = 0
  let expired = 0
  for (const row of dueRows(w, DELAYED, w.now, limit)) {
    if (row.expires_at <= w.now) {
      expire(w, row)
      expired += 1
    } else {
      promote(w, row)
      promoted += 1
    }
  }
  if (promoted + expired < limit) {
    const next = w.damage.isFound
      ? w.detour.next(DELAYED)
      : (w.sql.nextDelayed.get() as { due_at: number } | undefined)
    w.next.delayed = next?.due_at ?? Number.POSITIVE_INFINITY
  }
  return { promoted, expired }
}
