import type { Claimed, ClaimOp, Outcome, ReleaseOp } from '../../store.ts'
import type { Lane } from '../lanes.ts'
import type { IntentRow } from '../statements.ts'
import { CLAIMED, READY } from '../states.ts'
import type { Writer } from '../writer.ts'
import { expire, promoteDue } from './moves.ts'

/** Overdue rows that one claim may put in order before it looks; the sweep does the rest. */
const ON_THE_WAY = 100
/** Expired ones that it may find at the head of its lanes: 30 us each. Beyond that it finds nothing, until the sweep is through. */
const MOST_EXPIRED = 1000

type ClaimedRow = Pick<IntentRow, 'id' | 'attempts' | 'priority' | 'run_at'> & { payload: string }

export function claim(w: Writer, op: ClaimOp): Outcome<'claim'> {
  // The sweep's timer may be a moment late; what is due by the clock can be claimed by the clock.
  if (w.next.delayed <= w.now) promoteDue(w, ON_THE_WAY)

  const value: Claimed[] = []
  let passed = 0
  while (value.length < op.tokens.length && passed < MOST_EXPIRED) {
    const lane = w.lanes.bestFor(op.ask)
    if (lane === undefined) break
    if (lane.head!.expiresAt <= w.now) {
      expire(w, w.sql.byN.get(lane.head!.sequence) as IntentRow)
      passed += 1
    } else {
      value.push(take(w, lane, op, op.tokens[value.length]!))
    }
  }
  // Who waits must look again: what lies behind is not announced a second time.
  if (value.length === 0 && passed === MOST_EXPIRED) {
    const lane = w.lanes.bestFor(op.ask)
    if (lane !== undefined) w.lanes.announce(lane)
  }
  return { ok: true, value }
}

function take(w: Writer, lane: Lane, { ask, leaseMs }: ClaimOp, token: string): Claimed {
  const { sequence } = lane.head!
  const leaseUntil = w.now + leaseMs
  const row = w.sql.claim.get(leaseUntil, w.now, ask.keyId, ask.workerId, token, sequence) as ClaimedRow
  w.lanes.withdraw(lane, sequence)
  w.lanes.move(lane, READY, CLAIMED)
  w.next.claimed = Math.min(w.next.claimed, leaseUntil)
  return {
    id: row.id,
    route: lane.route,
    payload: row.payload,
    attempts: row.attempts,
    priority: row.priority,
    token,
    leaseMs,
    waitedMs: w.now - row.run_at,
  }
}

export function release(w: Writer, op: ReleaseOp): Outcome<'release'> {
  const row = w.sql.byId.get(op.id) as IntentRow | undefined
  if (row === undefined || row.state !== CLAIMED || row.token !== op.token) return { ok: true, value: false }
  const lane = w.lanes.get(row.lane)
  w.sql.unclaim.run(row.n)
  w.lanes.move(lane, CLAIMED, READY)
  w.lanes.offer(lane, {
    priority: row.priority,
    runAt: row.run_at,
    attempts: row.attempts - 1,
    sequence: row.n,
    expiresAt: row.expires_at,
  })
  w.next.ready = Math.min(w.next.ready, row.expires_at)
  return { ok: true, value: true }
}
