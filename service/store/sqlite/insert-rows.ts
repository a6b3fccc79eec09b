import type { Statement } from 'better-sqlite3'
import { AT_ONCE } from './statements.ts'

/** Inserts rows in order, {@link AT_ONCE} at a time: a call between languages costs as much as the row. */
export function insertRows(many: Statement, one: Statement, rows: readonly (readonly unknown[])[]): void {
  let done = 0
  for (; done + AT_ONCE <= rows.length; done += AT_ONCE) many.run(rows.slice(done, done + AT_ONCE).flat())
  for (const row of rows.slice(done)) one.run(row)
}
