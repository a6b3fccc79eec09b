import { timingSafeEqual } from 'node:crypto'
import type { ExtendOp, FailOp, FulfilOp, Outcome, ProgressOp } from '../../store.ts'
import type { HeldRow } from '../statements.ts'
import { CLAIMED, FULFILLED } from '../states.ts'
import type { Writer } from '../writer.ts'
import { endAttempt } from './moves.ts'

const LEASE_LOST = { ok: false, refusal: 'lease_lost' } as const

export function extend(w: Writer, op: ExtendOp): Outcome<'extend'> {
  const row = held(w, op)
  if (row === undefined) return LEASE_LOST
  const leaseUntil = w.now + op.leaseMs
  w.sql.extend.run(leaseUntil, row.n)
  // An extension may be shorter than what was left.
  w.next.claimed = Math.min(w.next.claimed, leaseUntil)
  return { ok: true, value: { id: op.id } }
}

export function progress(w: Writer, op: ProgressOp): Outcome<'progress'> {
  const row = held(w, op)
  if (row === undefined) return LEASE_LOST
  const leaseUntil = op.leaseMs === null ? row.due_at : w.now + op.leaseMs
  w.sql.progress.run(op.progress, op.message, leaseUntil, row.n)
  w.next.claimed = Math.min(w.next.claimed, leaseUntil)
  return { ok: true, value: { id: op.id } }
}

export function fulfil(w: Writer, op: FulfilOp): Outcome<'fulfil'> {
  const row = held(w, op)
  if (row === undefined) return LEASE_LOST
  const lane = w.lanes.get(row.lane)
  w.sql.fulfil.run(w.now, row.n)
  if (op.result !== null) w.sql.keepResult.run(row.n, op.resultType === 'text' ? 1 : 0, op.result)
  w.lanes.move(lane, CLAIMED, FULFILLED)
  return { ok: true, value: settled(w, op.id, row, 'fulfilled') }
}

export function fail(w: Writer, op: FailOp): Outcome<'fail'> {
  const row = held(w, op)
  if (row === undefined) return LEASE_LOST
  return { ok: true, value: settled(w, op.id, row, endAttempt(w, row, op.error, op.jitterMs)) }
}

/** The intent, if its lease is alive and this caller's. */
function held(w: Writer, op: { id: string; keyId: number; token: string | null }): HeldRow | undefined {
  const row = w.sql.held.get(op.id) as HeldRow | undefined
  if (row === undefined || row.state !== CLAIMED || row.due_at <= w.now || row.claimer !== op.keyId)
    return undefined
  return op.token === null || sameToken(row.token!, op.token) ? row : undefined
}

function sameToken(ours: string, theirs: string): boolean {
  const a = Buffer.from(ours)
  const b = Buffer.from(theirs)
  return a.length === b.length && timingSafeEqual(a, b)
}

function settled(w: Writer, id: string, row: HeldRow, became: 'fulfilled' | 'retry' | 'dead') {
  const { namespace } = w.lanes.get(row.lane).route
  return { id, namespace, heldMs: w.now - row.claimed_at!, became }
}
