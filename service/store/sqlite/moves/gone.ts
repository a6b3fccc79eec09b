import type { HeldRow } from '../statements.ts'
import { DEAD, READY } from '../states.ts'
import type { WriterState } from '../writer-state.ts'
import { openBytes } from './payload-bytes.ts'

/** An intent is deleted, with all that is kept of it. @returns how many dead letters went with it: 1 or 0 */
export function remove(w: WriterState, row: Pick<HeldRow, 'n' | 'lane' | 'state'>): number {
  const { n, state } = row
  const lane = w.lanes.get(row.lane)
  const bytes = openBytes(w, row)
  w.sql.deleteIntent.run(n)
  w.sql.deletePayload.run(n)
  w.sql.deleteResult.run(n)
  w.damage.forget(n)
  const letters = state === DEAD ? w.sql.exhume.run(n).changes : 0
  if (state === READY) w.lanes.withdraw(lane, n)
  w.lanes.move(lane, state, null, 1, bytes)
  return letters
}
