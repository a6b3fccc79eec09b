import type { FulfilOp } from '../../operations.ts'
import { insertRows } from '../insert-rows.ts'
import type { HeldRow } from '../statements.ts'
import { CLAIMED, FULFILLED } from '../states.ts'
import type { WriterState } from '../writer-state.ts'

type Place = Pick<HeldRow, 'n' | 'lane'>

export function fulfil(w: WriterState, row: Place, { resultType, result }: FulfilOp): void {
  const lane = w.lanes.get(row.lane)
  w.sql.fulfil.run(w.now, row.n)
  if (result !== null) w.sql.keepResult.run(row.n, resultType === 'text' ? 1 : 0, result)
  w.lanes.move(lane, CLAIMED, FULFILLED, 1, 0)
  w.room.written += result?.length ?? 0
}

/** The same for many that differ, at 2.5 us each where one after the other takes 6: the statements are for all of them. */
export function fulfilMany(w: WriterState, rows: readonly Place[], ops: readonly FulfilOp[]): void {
  const results: unknown[][] = []
  const moved = new Map<number, number>()
  for (const [i, { n, lane }] of rows.entries()) {
    const { resultType, result } = ops[i]!
    if (result !== null) results.push([n, resultType === 'text' ? 1 : 0, result])
    w.room.written += result?.length ?? 0
    moved.set(lane, (moved.get(lane) ?? 0) + 1)
  }
  w.sql.fulfilAll.run(w.now, JSON.stringify(rows.map(({ n }) => n)))
  insertRows(w.sql.keepResults, w.sql.keepResult, results)
  for (const [lane, count] of moved) w.lanes.move(w.lanes.get(lane), CLAIMED, FULFILLED, count, 0)
}
