import { claimOrder } from '../../../intent/routing.ts'
import type { ClaimOp, ReleaseOp } from '../../operations.ts'
import type { Claimed, Outcome } from '../../outcomes.ts'
import { headOf, type Lane } from '../lane.ts'
import { type ReadyRow, take } from '../moves/claimed.ts'
import { expire } from '../moves/dead.ts'
import { giveBack } from '../moves/open.ts'
import type { IntentRow } from '../statements.ts'
import { CLAIMED } from '../states.ts'
import type { WriterState } from '../writer-state.ts'
import { stepOf } from './due.ts'
import { promoteDue } from './promote-due.ts'

/** Overdue rows that one claim may put in order before it looks; the sweep does the rest. */
const ON_THE_WAY = 100
/** Expired ones that it may find at the head of its lanes: 30 us each. Beyond that it finds nothing, until the sweep is through. */
const MOST_EXPIRED = 1000

/** Intents that are looked at in one go in a lane that may have to make room for another: what is not taken was read in vain. */
const SHARED_RUN = 8

export function claim(w: WriterState, op: ClaimOp): Outcome<'claim'> {
  // The sweep's timer may be a moment late; what is due by the clock can be claimed by the clock.
  if (w.next.delayed <= w.now) stepOf(w, 'due', () => promoteDue(w, ON_THE_WAY), null)

  const value: Claimed[] = []
  let passed = 0
  while (value.length < op.tokens.length && passed < MOST_EXPIRED) {
    const lane = w.lanes.bestFor(op.ask)
    if (lane === undefined) break
    if (lane.head!.expiresAt <= w.now) {
      w.damage.intent = lane.head!.sequence
      expire(w, w.sql.byN.get(lane.head!.sequence) as IntentRow)
      passed += 1
    } else {
      takeFrom(w, lane, op, value)
    }
  }
  // Who waits must look again: what lies behind is not announced a second time.
  if (value.length === 0 && passed === MOST_EXPIRED) {
    const lane = w.lanes.bestFor(op.ask)
    if (lane !== undefined) w.lanes.announce(lane)
  }
  return { ok: true, value }
}

/** Takes as many as are wanted from the lane, or until another lane's turn comes; at least one. */
function takeFrom(w: WriterState, lane: Lane, { ask, leaseMs, tokens }: ClaimOp, taken: Claimed[]): void {
  const wanted = tokens.length - taken.length
  const rival = wanted === 1 ? null : w.lanes.rivalOf(lane, ask)
  // Where there is damage one by one: what cannot be claimed is known then.
  const most = w.damage.isFound ? 1 : rival === null ? wanted : Math.min(wanted, SHARED_RUN)
  // One more than that: it is the lane's next head.
  w.damage.lane = lane.id
  const ready = w.damage.isFound
    ? w.detour.ready(lane.id, most + 1)
    : (w.sql.nextReadyOf.all(lane.id, most + 1) as ReadyRow[])
  const end = ready.findIndex(
    (row, i) =>
      i === most || row.expires_at <= w.now || (rival !== null && claimOrder(headOf(row), rival) > 0),
  )
  const rows = end === -1 ? ready : ready.slice(0, end)
  if (rows.length === 0 && w.damage.isFound) {
    w.lanes.advance(lane, null)
    return
  }
  if (rows.length === 0) throw new Error(`the head of lane ${lane.id} is not what it was`)
  if (w.damage.isFound) w.damage.intent = rows[0]!.n
  const { keyId, workerId } = ask
  const taker = { keyId, workerId, leaseUntil: w.now + leaseMs, tokens: tokens.slice(taken.length) }
  take(w, lane, rows, end === -1 ? null : headOf(ready[end]!), taker)
  for (const row of rows) {
    taken.push({
      id: row.id,
      route: lane.route,
      payload: row.payload,
      attempts: row.attempts + 1,
      priority: row.priority,
      token: tokens[taken.length]!,
      leaseMs,
      waitedMs: w.now - row.run_at,
    })
  }
}

export function release(w: WriterState, op: ReleaseOp): Outcome<'release'> {
  const row = w.sql.byId.get(op.id) as IntentRow | undefined
  if (row === undefined || row.state !== CLAIMED || row.token !== op.token) return { ok: true, value: false }
  giveBack(w, row)
  return { ok: true, value: true }
}
