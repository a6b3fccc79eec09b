import { remove } from '../moves/gone.ts'
import type { IntentRow } from '../statements.ts'
import type { WriterState } from '../writer-state.ts'

/** What a purge looks at. */
export type Purged = Pick<IntentRow, 'n' | 'lane' | 'state'>

/** @param namespace `null`: any @returns whether it is of that namespace, and gone */
export function purgeIntent(w: WriterState, row: Purged, namespace: string | null): boolean {
  if (namespace !== null && w.lanes.get(row.lane).route.namespace !== namespace) return false
  remove(w, row)
  return true
}
