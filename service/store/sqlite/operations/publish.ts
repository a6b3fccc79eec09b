import type { KeyId } from '../../../intent/routing.ts'
import type { PublishAllOp, PublishOp } from '../../operations.ts'
import type { Outcome, Published, Refused } from '../../outcomes.ts'
import { insertRows } from '../insert-rows.ts'
import type { Lane } from '../lane.ts'
import { enter } from '../moves/open.ts'
import type { WriterState } from '../writer-state.ts'
import { isFresh, REPLAY, refuse } from './nonces.ts'

/** What an idempotency key was used for. */
type Use = { fingerprint: string; id: string; namespace: string }
type Remembered = { n: number; fingerprint: string; intent_id: string; namespace: string; expires_at: number }

const CONFLICT = { ok: false, refusal: 'idempotency_conflict' } as const
const TOO_MANY = { ok: false, refusal: 'limit_exceeded' } as const
const LOW = { ok: false, refusal: 'disk_low' } as const

export function publish(w: WriterState, op: PublishOp): Outcome<'publish'> {
  const earlier = remembered(w, op)
  if (earlier !== undefined) {
    if (!isFresh(w, op.nonce)) return REPLAY
    return earlier.fingerprint === op.idempotency!.fingerprint
      ? { ok: true, value: { id: earlier.id, namespace: earlier.namespace, replayed: true } }
      : CONFLICT
  }
  const refused = refusedBy(w, op, Buffer.byteLength(op.payload), 0)
  if (refused !== null) return refuse(w, op.nonce, refused)
  if (!isFresh(w, op.nonce)) return REPLAY
  insert(w, w.lanes.intern(op.route), [op])
  return { ok: true, value: { id: op.id, namespace: op.route.namespace, replayed: false } }
}

/** Looks at all of them before it inserts any, because refusing one undoes none of the others. */
export function publishAll(w: WriterState, { ops, nonce }: PublishAllOp): Outcome<'publishAll'> {
  const uses = new Map<string, Use>()
  const added = new Map<KeyId, { intents: number; bytes: number }>()
  const fresh: PublishOp[] = []
  const value: Published[] = []
  for (const [item, op] of ops.entries()) {
    const { idempotency, route, id } = op
    const { publisher, namespace } = route
    const key = idempotency === null ? null : `${publisher} ${idempotency.key}`
    const earlier = key === null ? undefined : (uses.get(key) ?? remembered(w, op))
    if (earlier !== undefined) {
      if (earlier.fingerprint !== idempotency!.fingerprint) return { ...CONFLICT, item }
      value.push({ id: earlier.id, namespace: earlier.namespace, replayed: true })
      continue
    }
    const sofar = added.get(publisher) ?? { intents: 0, bytes: 0 }
    added.set(publisher, sofar)
    const refused = refusedBy(w, op, sofar.bytes + Buffer.byteLength(op.payload), sofar.intents)
    if (refused !== null) return refuse(w, nonce, { ...refused, item })
    if (key !== null) uses.set(key, { fingerprint: idempotency!.fingerprint, id, namespace })
    sofar.intents += 1
    sofar.bytes += Buffer.byteLength(op.payload)
    fresh.push(op)
    value.push({ id, namespace, replayed: false })
  }
  if (!isFresh(w, nonce)) return REPLAY
  for (let from = 0; from < fresh.length; ) from += insertRun(w, fresh, from)
  return { ok: true, value }
}

/**
 * @param bytes of its payload, and of those before it in the same call
 * @param before how many those are
 */
function refusedBy(
  w: WriterState,
  { route, openLimit }: PublishOp,
  bytes: number,
  before: number,
): Refused | null {
  if (openLimit !== null) {
    const { publisher } = route
    if (w.holdings.unsettled(publisher) + before >= openLimit) return TOO_MANY
    const { payloads, values } = w.holdings.bytesOf(publisher)
    const held = payloads + values
    // However many its values are: who keeps to the cap on open intents has room for all of them.
    if (held + bytes > w.room.keyBytes && payloads + bytes > w.room.payloadBytes) {
      return { ok: false, refusal: 'too_many_bytes', held, most: w.room.keyBytes }
    }
  }
  return w.room.isLow ? LOW : null
}

/** Inserts those from `from` on that are alike but for id, payload and idempotency key. @returns how many */
function insertRun(w: WriterState, ops: readonly PublishOp[], from: number): number {
  const first = ops[from]!
  const lane = w.lanes.intern(first.route)
  let end = from + 1
  while (end < ops.length && isAlike(w, ops[end]!, first, lane)) end += 1
  insert(w, lane, ops.slice(from, end))
  return end - from
}

function isAlike(w: WriterState, op: PublishOp, first: PublishOp, lane: Lane): boolean {
  return (
    op.priority === first.priority &&
    op.delayMs === first.delayMs &&
    op.ttlMs === first.ttlMs &&
    op.maxAttempts === first.maxAttempts &&
    op.backoffMs === first.backoffMs &&
    (op.route === first.route || w.lanes.intern(op.route) === lane)
  )
}

/** Intents of one lane that are alike but for id, payload and idempotency key. */
function insert(w: WriterState, lane: Lane, ops: readonly PublishOp[]): void {
  enter(w, lane, ops)
  const uses: unknown[][] = []
  for (const { id, route, idempotency } of ops) {
    if (idempotency === null) continue
    const { key, fingerprint, expiresAt: keptUntil } = idempotency
    uses.push([route.publisher, key, fingerprint, id, route.namespace, keptUntil])
  }
  insertRows(w.sql.keepIdempotents, w.sql.keepIdempotent, uses)
}

/** What an idempotency key that still counts was used for; one that no longer does is dropped on the way. */
function remembered(w: WriterState, { route, idempotency }: PublishOp): Use | undefined {
  if (idempotency === null) return undefined
  const earlier = w.sql.findIdempotent.get(route.publisher, idempotency.key) as Remembered | undefined
  if (earlier === undefined) return undefined
  const { n, fingerprint, intent_id: id, namespace } = earlier
  if (earlier.expires_at > w.now) return { fingerprint, id, namespace }
  w.sql.dropIdempotent.run(n)
  return undefined
}
