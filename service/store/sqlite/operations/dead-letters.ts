import { REASON } from '../../../intent/lifecycle.ts'
import type { DropDeadOp, RetryDeadOp } from '../../operations.ts'
import type { AuditAction } from '../../records.ts'
import { remove } from '../moves/gone.ts'
import { reopen } from '../moves/open.ts'
import type { IntentRow } from '../statements.ts'
import { DEAD } from '../states.ts'
import type { WriterState } from '../writer-state.ts'
import { audit } from './audit.ts'

/** How many of many the audit trail names. A thousand would be 35 KB an entry. */
const IDS_NAMED = 20

/** Per id, whether it was dead. */
type WereDead = { ok: true; value: boolean[] }

export function retryDead(w: WriterState, op: RetryDeadOp): WereDead {
  return eachDead(w, op, 'dead_retried', row => reopen(w, row, op.ttlMs, REASON.retried))
}

export function dropDead(w: WriterState, op: DropDeadOp): WereDead {
  return eachDead(w, op, 'dead_dropped', row => remove(w, row))
}

function eachDead(
  w: WriterState,
  { ids, by }: RetryDeadOp | DropDeadOp,
  action: AuditAction,
  move: (row: IntentRow) => void,
): WereDead {
  const value = ids.map(id => {
    // The others are moved all the same.
    if (w.damage.hasId(id)) return false
    const row = w.sql.byId.get(id) as IntentRow | undefined
    if (row?.state !== DEAD) return false
    move(row)
    return true
  })
  const moved = ids.filter((_, i) => value[i])
  if (moved.length > 0) audit(w, by, action, null, { count: moved.length, ids: moved.slice(0, IDS_NAMED) })
  return { ok: true, value }
}
