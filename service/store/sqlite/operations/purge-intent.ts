import type { IntentRow } from '../statements.ts'
import { DEAD, READY } from '../states.ts'
import type { WriterState } from '../writer-state.ts'
import { deleteIntent, openBytes } from './moves.ts'

/** What a purge looks at. */
export type Purged = Pick<IntentRow, 'n' | 'lane' | 'state'>

/** @param namespace `null`: any @returns whether it is of that namespace, and gone */
export function purgeIntent(w: WriterState, row: Purged, namespace: string | null): boolean {
  const lane = w.lanes.get(row.lane)
  if (namespace !== null && lane.route.namespace !== namespace) return false
  const bytes = openBytes(w, row)
  deleteIntent(w, row.n)
  if (row.state === DEAD) w.sql.exhume.run(row.n)
  if (row.state === READY) w.lanes.withdraw(lane, row.n)
  w.lanes.move(lane, row.state, null, 1, bytes)
  return true
}
