import { timingSafeEqual } from 'node:crypto'
import type { KeyId } from '../../../intent/routing.ts'
import type { ExtendOp, FailOp, FulfilOp, ProgressOp, SettleAllOp } from '../../operations.ts'
import type { Outcome } from '../../outcomes.ts'
import { failAttempt } from '../moves/ended-attempt.ts'
import * as moves from '../moves/fulfilled.ts'
import type { HeldRow } from '../statements.ts'
import { CLAIMED } from '../states.ts'
import type { WriterState } from '../writer-state.ts'

type Hold = { id: string; keyId: KeyId; token: string | null }
type LeaseRow = Pick<HeldRow, 'n' | 'lane' | 'state' | 'due_at' | 'claimed_at' | 'claimer' | 'token'>
/** `item`: which of those that were asked for. */
type AskedRow = LeaseRow & { item: number }

const LEASE_LOST = { ok: false, refusal: 'lease_lost' } as const

export function extend(w: WriterState, op: ExtendOp): Outcome<'extend'> {
  const row = held(w, op)
  if (row === undefined) return LEASE_LOST
  const leaseUntil = w.now + op.leaseMs
  w.sql.extend.run(leaseUntil, row.n)
  // An extension may be shorter than what was left.
  w.next.claimed = Math.min(w.next.claimed, leaseUntil)
  return { ok: true, value: { id: op.id } }
}

export function progress(w: WriterState, op: ProgressOp): Outcome<'progress'> {
  const row = held(w, op)
  if (row === undefined) return LEASE_LOST
  const leaseUntil = op.leaseMs === null ? row.due_at : w.now + op.leaseMs
  w.sql.progress.run(op.progress, op.message, leaseUntil, row.n)
  w.next.claimed = Math.min(w.next.claimed, leaseUntil)
  return { ok: true, value: { id: op.id } }
}

export function fulfil(w: WriterState, op: FulfilOp): Outcome<'fulfil'> {
  const row = held(w, op)
  if (row === undefined) return LEASE_LOST
  moves.fulfil(w, row, op)
  return { ok: true, value: settled(w, op.id, row, 'fulfilled') }
}

/** Unsigned ones alone: each nonce would be a statement of its own. */
export function areFulfils(ops: SettleAllOp['ops']): ops is FulfilOp[] {
  return ops.every(op => op.kind === 'fulfil' && op.nonce === null)
}

/** The same outcomes as one after the other. */
export function fulfilAll(w: WriterState, ops: readonly FulfilOp[]): Outcome<'fulfil'>[] {
  const outcomes: Outcome<'fulfil'>[] = ops.map(() => LEASE_LOST)
  const fulfilled = new Map<number, AskedRow>()
  for (const row of w.sql.heldAll.all(JSON.stringify(ops.map(op => op.id))) as AskedRow[]) {
    const op = ops[row.item]!
    // Whose id stands twice, it is settled once.
    if (fulfilled.has(row.n) || !isHeld(w, row, op)) continue
    fulfilled.set(row.n, row)
    outcomes[row.item] = { ok: true, value: settled(w, op.id, row, 'fulfilled') }
  }
  const rows = [...fulfilled.values()]
  moves.fulfilMany(
    w,
    rows,
    rows.map(({ item }) => ops[item]!),
  )
  return outcomes
}

export function fail(w: WriterState, op: FailOp): Outcome<'fail'> {
  const row = held(w, op)
  if (row === undefined) return LEASE_LOST
  return { ok: true, value: settled(w, op.id, row, failAttempt(w, row, op.error, op.jitterMs)) }
}

/** The intent, if its lease is alive and this caller's. */
function held(w: WriterState, op: Hold): HeldRow | undefined {
  const row = w.sql.held.get(op.id) as HeldRow | undefined
  return row !== undefined && isHeld(w, row, op) ? row : undefined
}

function isHeld(w: WriterState, row: LeaseRow, op: Hold): boolean {
  if (row.state !== CLAIMED || row.due_at <= w.now || row.claimer !== op.keyId) return false
  return op.token === null || sameToken(row.token!, op.token)
}

function sameToken(ours: string, theirs: string): boolean {
  const a = Buffer.from(ours)
  const b = Buffer.from(theirs)
  return a.length === b.length && timingSafeEqual(a, b)
}

function settled(w: WriterState, id: string, row: LeaseRow, became: 'fulfilled' | 'retry' | 'dead') {
  const { namespace } = w.lanes.get(row.lane).route
  return { id, namespace, heldMs: w.now - row.claimed_at!, became }
}
