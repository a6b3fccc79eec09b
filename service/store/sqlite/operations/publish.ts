import type { KeyId } from '../../../intent/routing.ts'
import type { PublishAllOp, PublishOp } from '../../operations.ts'
import type { Outcome, Published } from '../../outcomes.ts'
import type { Lane } from '../lanes.ts'
import { DELAYED, READY } from '../states.ts'
import type { Writer } from '../writer.ts'
import { insertRows } from './insert-rows.ts'

/** What an idempotency key was used for. */
type Use = { fingerprint: string; id: string; namespace: string }
type Remembered = { n: number; fingerprint: string; intent_id: string; namespace: string; expires_at: number }

const CONFLICT = { ok: false, refusal: 'idempotency_conflict' } as const
const TOO_MANY = { ok: false, refusal: 'limit_exceeded' } as const

export function publish(w: Writer, op: PublishOp): Outcome<'publish'> {
  const earlier = remembered(w, op)
  if (earlier !== undefined) {
    return earlier.fingerprint === op.idempotency!.fingerprint
      ? { ok: true, value: { id: earlier.id, namespace: earlier.namespace, replayed: true } }
      : CONFLICT
  }
  if (op.openLimit !== null && w.lanes.unsettled(op.route.publisher) >= op.openLimit) return TOO_MANY
  insert(w, w.lanes.intern(op.route), [op])
  return { ok: true, value: { id: op.id, namespace: op.route.namespace, replayed: false } }
}

/** Looks at all of them before it inserts any, because refusing one undoes none of the others. */
export function publishAll(w: Writer, { ops }: PublishAllOp): Outcome<'publishAll'> {
  const uses = new Map<string, Use>()
  const added = new Map<KeyId, number>()
  const fresh: PublishOp[] = []
  const value: Published[] = []
  for (const [item, op] of ops.entries()) {
    const { idempotency, openLimit, route, id } = op
    const { publisher, namespace } = route
    const key = idempotency === null ? null : `${publisher} ${idempotency.key}`
    const earlier = key === null ? undefined : (uses.get(key) ?? remembered(w, op))
    if (earlier !== undefined) {
      if (earlier.fingerprint !== idempotency!.fingerprint) return { ...CONFLICT, item }
      value.push({ id: earlier.id, namespace: earlier.namespace, replayed: true })
      continue
    }
    const sofar = added.get(publisher) ?? 0
    if (openLimit !== null && w.lanes.unsettled(publisher) + sofar >= openLimit) return { ...TOO_MANY, item }
    if (key !== null) uses.set(key, { fingerprint: idempotency!.fingerprint, id, namespace })
    added.set(publisher, sofar + 1)
    fresh.push(op)
    value.push({ id, namespace, replayed: false })
  }
  for (let from = 0; from < fresh.length; ) from += insertRun(w, fresh, from)
  return { ok: true, value }
}

/** Inserts those from `from` on that are alike but for id, payload and idempotency key. @returns how many */
function insertRun(w: Writer, ops: readonly PublishOp[], from: number): number {
  const first = ops[from]!
  const lane = w.lanes.intern(first.route)
  let end = from + 1
  while (end < ops.length && isAlike(w, ops[end]!, first, lane)) end += 1
  insert(w, lane, ops.slice(from, end))
  return end - from
}

function isAlike(w: Writer, op: PublishOp, first: PublishOp, lane: Lane): boolean {
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
function insert(w: Writer, lane: Lane, ops: readonly PublishOp[]): void {
  const { priority, delayMs, ttlMs, maxAttempts, backoffMs } = ops[0]!
  const runAt = w.now + delayMs
  const expiresAt = runAt + ttlMs
  const state = delayMs > 0 ? DELAYED : READY
  const dueAt = state === DELAYED ? runAt : expiresAt
  const terms = [lane.id, state, priority, maxAttempts, backoffMs, w.now, runAt, expiresAt, dueAt]
  const n = ops.length === 1 ? writeOne(w, ops[0]!, terms) : writeMany(w, ops, terms)
  w.lanes.move(lane, null, state, ops.length)
  if (state === READY) {
    w.lanes.offer(lane, { priority, runAt, attempts: 0, sequence: n, expiresAt }, ops.length)
    w.next.ready = Math.min(w.next.ready, expiresAt)
  } else {
    w.next.delayed = Math.min(w.next.delayed, runAt)
  }
  const uses: unknown[][] = []
  for (const { id, route, idempotency } of ops) {
    if (idempotency === null) continue
    const { key, fingerprint, expiresAt: keptUntil } = idempotency
    uses.push([route.publisher, key, fingerprint, id, route.namespace, keptUntil])
  }
  insertRows(w.sql.keepIdempotents, w.sql.keepIdempotent, uses)
}

/** @returns its sequence */
function writeOne(w: Writer, { id, payload }: PublishOp, terms: readonly number[]): number {
  const n = w.sql.insertIntent.run(id, ...terms).lastInsertRowid as number
  w.sql.insertPayload.run(n, payload)
  return n
}

/** @returns the sequence of the first; the others follow it one by one */
function writeMany(w: Writer, ops: readonly PublishOp[], terms: readonly number[]): number {
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

/** What an idempotency key that still counts was used for; one that no longer does is dropped on the way. */
function remembered(w: Writer, { route, idempotency }: PublishOp): Use | undefined {
  if (idempotency === null) return undefined
  const earlier = w.sql.findIdempotent.get(route.publisher, idempotency.key) as Remembered | undefined
  if (earlier === undefined) return undefined
  const { n, fingerprint, intent_id: id, namespace } = earlier
  if (earlier.expires_at > w.now) return { fingerprint, id, namespace }
  w.sql.dropIdempotent.run(n)
  return undefined
}
