import { REASON } from '../../../intent/lifecycle.ts'
import type { CancelOp, PurgeCursor, PurgeOp, RetryOp } from '../../operations.ts'
import type { Outcome, Refusal, ValueOf } from '../../outcomes.ts'
import type { Counts } from '../../records.ts'
import { lookAhead } from '../agenda.ts'
import type { IntentRow } from '../statements.ts'
import { DEAD, FULFILLED, READY } from '../states.ts'
import type { Writer } from '../writer.ts'
import { audit } from './audit.ts'
import { die, openBytes, payloadBytes } from './moves.ts'
import { isFresh, REPLAY, refuse } from './nonces.ts'

const refused = (refusal: Refusal) => ({ ok: false, refusal }) as const

const afterNonce = (w: Writer, { nonce }: CancelOp | RetryOp, refusal: Refusal) =>
  isFresh(w, nonce) ? refused(refusal) : REPLAY

export function cancel(w: Writer, op: CancelOp): Outcome<'cancel'> {
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
export function retry(w: Writer, op: RetryOp): Outcome<'retry'> {
  const row = w.sql.byId.get(op.id) as IntentRow | undefined
  if (row === undefined) return afterNonce(w, op, 'not_found')
  const { publisher } = w.lanes.get(row.lane).route
  if (op.publisher !== null && op.publisher !== publisher) return refuse(w, op.nonce, refused('not_yours'))
  if (row.state !== DEAD && row.state !== FULFILLED) return afterNonce(w, op, 'not_ended')
  if (op.openLimit !== null && w.holdings.unsettled(publisher) >= op.openLimit) {
    return refuse(w, op.nonce, refused('limit_exceeded'))
  }
  // Open again, it takes room as a publish does.
  if (op.publisher !== null && w.room.isLow) return refuse(w, op.nonce, refused('disk_low'))
  if (!isFresh(w, op.nonce)) return REPLAY
  const lastError = op.publisher === null ? REASON.retried : REASON.retriedByPublisher
  const namespace = reopen(w, row, op.ttlMs, lastError)
  audit(w, op.by, 'intent_retried', op.id, { namespace, ...keyOf(op) })
  return { ok: true, value: { id: op.id, state: 'ready', namespace, moved: true } }
}

/** For the audit trail: whose API key it was done with. 0 is the master key. */
const keyOf = ({ publisher }: CancelOp | RetryOp) => (publisher === null ? {} : { key_id: publisher })

/** @returns its namespace */
export function reopen(w: Writer, row: IntentRow, ttlMs: number, lastError: string = REASON.retried): string {
  const lane = w.lanes.get(row.lane)
  const expiresAt = w.now + ttlMs
  w.sql.reopen.run(w.now, expiresAt, expiresAt, lastError, row.n)
  w.sql.exhume.run(row.n)
  w.sql.deleteResult.run(row.n)
  w.lanes.move(lane, row.state, READY, 1, payloadBytes(w, row.n))
  w.lanes.offer(lane, { priority: row.priority, runAt: w.now, attempts: 0, sequence: row.n, expiresAt })
  w.next.ready = Math.min(w.next.ready, expiresAt)
  return lane.route.namespace
}

export function purge(w: Writer, op: PurgeOp): Outcome<'purge'> {
  if (op.namespace !== null) return purgeStep(w, op, op.namespace)
  const purged = purgeAll(w)
  audit(w, op.by, 'purged', null, { intents: purged.value.deleted })
  return purged
}

const EMPTIED = [
  'intents',
  'payloads',
  'results',
  'dead_letters',
  'lanes',
  'key_values',
  'value_bytes',
  'idempotency_keys',
  'nonces',
]

/** Without a WHERE, SQLite drops whole b-trees instead of rows. */
function purgeAll(w: Writer): { ok: true; value: ValueOf['purge'] } {
  const deleted = sum(w.lanes.depths.totals)
  for (const table of EMPTIED) w.db.exec(`DELETE FROM ${table}`)
  w.damage.forgetAll()
  w.lanes.reload()
  lookAhead(w)
  return { ok: true, value: { deleted, next: null } }
}

function purgeStep(w: Writer, op: PurgeOp, namespace: string): Outcome<'purge'> {
  // With its first step, which a crash may make its last: it says how many there were, not how many went.
  if (op.from === null) audit(w, op.by, 'purged', namespace, { intents: intentsIn(w, namespace) })
  const from: PurgeCursor = op.from ?? {
    table: 'intents',
    after: 0,
    upTo: { intents: newest(w.sql.newestIntent), idempotency_keys: newest(w.sql.newestIdempotent) },
  }
  return from.table === 'intents'
    ? purgeIntents(w, namespace, from, op.limit)
    : purgeIdempotencyKeys(w, namespace, from, op.limit)
}

function intentsIn(w: Writer, namespace: string): number {
  const [depth] = w.lanes.depths.of([namespace], 0)
  return depth === undefined ? 0 : sum(depth)
}

const sum = ({ open, claimed, fulfilled, dead }: Counts): number => open + claimed + fulfilled + dead

function purgeIntents(w: Writer, namespace: string, from: PurgeCursor, limit: number): Outcome<'purge'> {
  const rows = w.sql.intentsFrom.all(from.after, from.upTo.intents, limit) as Pick<
    IntentRow,
    'n' | 'lane' | 'state'
  >[]
  let deleted = 0
  for (const row of rows) {
    const lane = w.lanes.get(row.lane)
    if (lane.route.namespace !== namespace) continue
    const bytes = openBytes(w, row)
    deleteIntent(w, row.n)
    if (row.state === DEAD) w.sql.exhume.run(row.n)
    if (row.state === READY) w.lanes.withdraw(lane, row.n)
    w.lanes.move(lane, row.state, null, 1, bytes)
    deleted += 1
  }
  const next: PurgeCursor =
    rows.length < limit
      ? { ...from, table: 'idempotency_keys', after: 0 }
      : { ...from, after: rows.at(-1)!.n }
  return { ok: true, value: { deleted, next } }
}

/** Else a publish would be answered with the id of an intent that is gone, and nothing would be done. */
function purgeIdempotencyKeys(
  w: Writer,
  namespace: string,
  from: PurgeCursor,
  limit: number,
): Outcome<'purge'> {
  const rows = w.sql.idempotentFrom.all(from.after, from.upTo.idempotency_keys, limit) as {
    n: number
    namespace: string
  }[]
  for (const row of rows) if (row.namespace === namespace) w.sql.dropIdempotent.run(row.n)
  const next = rows.length < limit ? null : { ...from, after: rows.at(-1)!.n }
  return { ok: true, value: { deleted: 0, next } }
}

const newest = (statement: Writer['sql']['newestIntent']): number =>
  (statement.get() as { n: number | null }).n ?? 0

export function deleteIntent(w: Writer, n: number): void {
  w.sql.deleteIntent.run(n)
  w.sql.deletePayload.run(n)
  w.sql.deleteResult.run(n)
  w.damage.forget(n)
}
