import type { DropDeadOp, RetryDeadOp } from '../../store.ts'
import type { IntentRow } from '../statements.ts'
import { DEAD } from '../states.ts'
import type { Writer } from '../writer.ts'
import { deleteIntent, reopen } from './admin.ts'

/** Per id, whether it was dead. */
type WereDead = { ok: true; value: boolean[] }

export function retryDead(w: Writer, op: RetryDeadOp): WereDead {
  return eachDead(w, op.ids, row => reopen(w, row, op.ttlMs))
}

export function dropDead(w: Writer, op: DropDeadOp): WereDead {
  return eachDead(w, op.ids, row => {
    deleteIntent(w, row.n)
    w.sql.exhume.run(row.n)
    w.lanes.move(w.lanes.get(row.lane), DEAD, null)
  })
}

function eachDead(w: Writer, ids: readonly string[], move: (row: IntentRow) => void): WereDead {
  const value = ids.map(id => {
    const row = w.sql.byId.get(id) as IntentRow | undefined
    if (row?.state !== DEAD) return false
    move(row)
    return true
  })
  return { ok: true, value }
}
