import type { ClaimOp, Outcome } from '../../store.ts'
import type { IntentRow } from '../statements.ts'
import { CLAIMED, READY } from '../states.ts'
import type { Writer } from '../writer.ts'
import { expire, promoteDue } from './moves.ts'

/** Overdue rows that one claim may put in order before it looks; the sweep does the rest. */
const ON_THE_WAY = 100

type ClaimedRow = Pick<IntentRow, 'id' | 'attempts' | 'priority' | 'run_at'>

export function claim(w: Writer, op: ClaimOp): Outcome<'claim'> {
  // The sweep's timer may be a moment late; what is due by the clock can be claimed by the clock.
  if (w.next.delayed <= w.now) promoteDue(w, ON_THE_WAY)

  for (let passed = 0; passed < ON_THE_WAY; passed += 1) {
    const lane = w.lanes.bestFor(op.ask)
    if (lane === undefined) break
    const { sequence, expiresAt } = lane.head!
    if (expiresAt <= w.now) {
      expire(w, w.sql.byN.get(sequence) as IntentRow)
      continue
    }
    const leaseUntil = w.now + op.leaseMs
    const { keyId, workerId } = op.ask
    const row = w.sql.claim.get(leaseUntil, w.now, keyId, workerId, op.token, sequence) as ClaimedRow
    const { text } = w.sql.payload.get(sequence) as { text: string }
    w.lanes.withdraw(lane, sequence)
    w.lanes.move(lane, READY, CLAIMED)
    w.next.claimed = Math.min(w.next.claimed, leaseUntil)
    return {
      ok: true,
      value: {
        id: row.id,
        route: lane.route,
        payload: text,
        attempts: row.attempts,
        priority: row.priority,
        token: op.token,
        leaseMs: op.leaseMs,
        waitedMs: w.now - row.run_at,
      },
    }
  }
  return { ok: true, value: null }
}
