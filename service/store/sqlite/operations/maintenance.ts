import type { MaintainOp } from '../../operations.ts'
import type { Outcome } from '../../outcomes.ts'
import type { Maintenance } from '../../records.ts'
import { maintenanceOf } from '../maintenance-row.ts'
import type { WriterState } from '../writer-state.ts'
import { audit } from './audit.ts'

/** Switched on when it is on already, it keeps its beginning and takes the new note. */
export function maintain(w: WriterState, { on, note, by }: MaintainOp): Outcome<'maintain'> {
  const before = maintenanceOf(w.sql.maintenance.get())
  const after: Maintenance | null = on ? { since: before?.since ?? w.now, note } : null
  if (before?.note === after?.note) return { ok: true, value: after }
  w.sql.endMaintenance.run()
  if (after !== null) w.sql.beginMaintenance.run(JSON.stringify(after))
  audit(w, by, on ? 'maintenance_on' : 'maintenance_off', null, on ? { note } : {})
  return { ok: true, value: after }
}
