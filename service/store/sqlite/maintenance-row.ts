import type { Maintenance } from '../records.ts'

/** @param row of `meta`; it is there while maintenance is on */
export function maintenanceOf(row: unknown): Maintenance | null {
  return row === undefined ? null : (JSON.parse((row as { value: string }).value) as Maintenance)
}
