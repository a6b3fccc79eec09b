import type { PublishOp } from '../../operations.ts'
import { insertRows } from '../insert-rows.ts'
import type { Lane } from '../lane.ts'
import type { IntentRow } from '../statements.ts'
import { CLAIMED, DELAYED, READY } from '../states.ts'
import type { WriterState } from '../writer-state.ts'
import { payloadBytes } from './payload-bytes.ts'

/** The moves that open an intent: delayed until it is due, ready from then on. */

/** New ones of one lane, alike but for id, payload and idempotency key. */
export function enter(w: WriterState, lane: Lane, ops: readonly PublishOp[]): void {
  const { priority, delayMs, ttlMs, maxAttempts, backoffMs } = ops[0]!
  const runAt = w.now + delayMs
  const expiresAt = runAt + ttlMs
  const state = delayMs > 0 ? DELAYED : READY
  const dueAt = state === DELAYED ? runAt : expiresAt
  const terms = [lane.id, state, priority, maxAttempts, backoffMs, w.now, runAt, expiresAt, dueAt]
  const n = ops.length === 1 ? writeOne(w, ops[0]!, terms) : writeMany(w, ops, terms)
  const bytes = ops.reduce((sum, { payload }) => sum + Buffer.byteLength(payload), 0)
  w.lanes.move(lane, null, state, ops.length, bytes)
  w.room.written += bytes
  if (state === READY) {
    w.lanes.offer(lane, { priority, runAt, attempts: 0, sequence: n, expiresAt }, ops.length)
    w.next.ready = Math.min(w.next.ready, expiresAt)
  } else {
    w.next.delayed = Math.min(w.next.delayed, runAt)
  }
}

/** @returns its sequence */
function writeOne(w: WriterState, { id, payload }: PublishOp, terms: readonly number[]): number {
  const n = w.sql.insertIntent.run(id, ...terms).lastInsertRowid as number
  w.sql.insertPayload.run(n, payload)
  return n
}

/** @returns the sequence of the first; the others follow it one by one */
function writeMany(w: WriterState, ops: readonly PublishOp[], terms: readonly number[]): number {
  const { n: newest } = w.sql.newestIntent.get() as { n: number | null }
  const first = (newest ?? 0) + 1
  w.sql.insertIntents.run(first, ...terms, JSON.stringify(ops.map(op => op.id)))
  insertRows(
    w.sql.insertPayloads,
    w.sql.insertPayload,
    ops.map(({ payload }, i) => [first + i, payload]),
  )
  return first
}

/** A delayed one is due. */
export function promote(w: WriterState, row: IntentRow): void {
  const lane = w.lanes.get(row.lane)
  w.sql.promote.run(row.n)
  w.lanes.offer(lane, {
    priority: row.priority,
    runAt: row.run_at,
    attempts: row.attempts,
    sequence: row.n,
    expiresAt: row.expires_at,
  })
  w.lanes.move(lane, DELAYED, READY, 1, 0)
  w.next.ready = Math.min(w.next.ready, row.expires_at)
}

/** A claimed one whose worker never got it. The attempt does not count. */
export function giveBack(w: WriterState, row: IntentRow): void {
  const lane = w.lanes.get(row.lane)
  w.sql.unclaim.run(row.n)
  w.lanes.move(lane, CLAIMED, READY, 1, payloadBytes(w, row.n))
  w.lanes.offer(lane, {
    priority: row.priority,
    runAt: row.run_at,
    attempts: row.attempts - 1,
    sequence: row.n,
    expiresAt: row.expires_at,
  })
  w.next.ready = Math.min(w.next.ready, row.expires_at)
}

/** A dead or fulfilled one gets all its attempts again, and its time to live from now. */
export function reopen(w: WriterState, row: IntentRow, ttlMs: number, lastError: string): void {
  const lane = w.lanes.get(row.lane)
  const expiresAt = w.now + ttlMs
  w.sql.reopen.run(w.now, expiresAt, expiresAt, lastError, row.n)
  w.sql.exhume.run(row.n)
  w.sql.deleteResult.run(row.n)
  w.lanes.move(lane, row.state, READY, 1, payloadBytes(w, row.n))
  w.lanes.offer(lane, { priority: row.priority, runAt: w.now, attempts: 0, sequence: row.n, expiresAt })
  w.next.ready = Math.min(w.next.ready, expiresAt)
}
