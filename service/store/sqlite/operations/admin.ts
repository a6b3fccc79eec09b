import { REASON } from '../../../intent/lifecycle.ts'
import type { CancelOp, RetryOp } from '../../operations.ts'
import type { Outcome, Refusal } from '../../outcomes.ts'
import { die } from '../moves/dead.ts'
import { reopen } from '../moves/open.ts'
import type { IntentRow } from '../statements.ts'
import { DEAD, FULFILLED } from '../states.ts'
import type { WriterState } from '../writer-state.ts'
import { audit } from './audit.ts'
import { isFresh, REPLAY, refuse } from './nonces.ts'

const refused = (refusal: Refusal) => ({ ok: false, refusal }) as const

const afterNonce = (w: WriterState, { nonce }: CancelOp | RetryOp, refusal: Refusal) =>
  isFresh(w, nonce) ? refused(refusal) : REPLAY

export function cancel(w: WriterState, op: CancelOp): Outcome<'cancel'> {
  const row = w.sql.byId.get(op.id) as IntentRow | undefined
  if (row === undefined) return afterNonce(w, op, 'not_found')
  const { namespace, publisher } = w.lanes.get(row.lane).route
  if (op.publisher !== null && op.publisher !== publisher) return refuse(w, op.nonce, refused('not_yours'))
  if (!isFresh(w, op.nonce)) return REPLAY
  const moved = row.state !== DEAD
  if (moved) {
    const reason = op.publisher === null ? REASON.cancelled : REASON.cancelledByPublisher
    die(w, row, { cause: 'cancelled', reason })
    audit(w, op.by, 'intent_cancelled', op.id, { namespace, ...keyOf(op) })
  }
  return { ok: true, value: { id: op.id, state: 'dead', namespace, moved } }
}

/** Gives a dead or fulfilled intent all its attempts again, and its time to live from now. */
export function retry(w: WriterState, op: RetryOp): Outcome<'retry'> {
  const row = w.sql.byId.get(op.id) as IntentRow | undefined
  if (row === undefined) return afterNonce(w, op, 'not_found')
  const { namespace, publisher } = w.lanes.get(row.lane).route
  if (op.publisher !== null && op.publisher !== publisher) return refuse(w, op.nonce, refused('not_yours'))
  if (row.state !== DEAD && row.state !== FULFILLED) return afterNonce(w, op, 'not_ended')
  if (op.openLimit !== null && w.holdings.unsettled(publisher) >= op.openLimit) {
    return refuse(w, op.nonce, refused('limit_exceeded'))
  }
  // Open again, it takes room as a publish does.
  if (op.publisher !== null && w.room.isLow) return refuse(w, op.nonce, refused('disk_low'))
  if (!isFresh(w, op.nonce)) return REPLAY
  const lastError = op.publisher === null ? REASON.retried : REASON.retriedByPublisher
  reopen(w, row, op.ttlMs, lastError)
  audit(w, op.by, 'intent_retried', op.id, { namespace, ...keyOf(op) })
  return { ok: true, value: { id: op.id, state: 'ready', namespace, moved: true } }
}

/** For the audit trail: whose API key it was done with. 0 is the master key. */
const keyOf = ({ publisher }: CancelOp | RetryOp) => (publisher === null ? {} : { key_id: publisher })
