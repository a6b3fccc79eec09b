import type { Op } from '../operations.ts'

/** Operations, and the bus time at which they are carried out. */
export type Timed = { ops: readonly Op[]; now: number }

/** What a row adds to the log, in bytes, as far as that is known without asking: a page. */
const ROW_BYTES = 4096

/** The intents that an operation names. */
export const idsOf = (op: Op): readonly string[] =>
  'ids' in op ? op.ids : 'id' in op && typeof op.id === 'string' ? [op.id] : []

/** Rows that it may write. */
function rowsOf(op: Op): number {
  if ('limit' in op) return op.limit
  if ('ops' in op) return op.ops.length
  return Math.max(1, idsOf(op).length)
}

/** About what the rows of a commit add to the log, in bytes. */
export function rowBytesOf(batches: readonly Timed[]): number {
  let bytes = 0
  for (const { ops } of batches) for (const op of ops) bytes += ROW_BYTES * rowsOf(op)
  return bytes
}
