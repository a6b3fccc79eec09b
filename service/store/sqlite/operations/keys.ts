import type {
  ChangeKeyOp,
  CreateKeyOp,
  KeySecret,
  KeyTerms,
  ResealKeysOp,
  RevokeKeyOp,
  RotateKeyOp,
} from '../../operations.ts'
import type { Outcome } from '../../outcomes.ts'
import type { KeyFacts } from '../../records.ts'
import { factsOf, type KeyRow } from '../key-rows.ts'
import type { WriterState } from '../writer-state.ts'
import { audit } from './audit.ts'

const NO_KEY = { ok: false, refusal: 'no_key' } as const

export function createKey(w: WriterState, op: CreateKeyOp): Outcome<'createKey'> {
  const next = w.sql.nextKeyId.get() as { id: number }
  if (op.id !== next.id) return { ok: false, refusal: 'key_number_taken' }
  const key = insert(w, op, op, null)
  const { owner, note, expiresAt, rateLimit, openLimit, prefix } = key
  audit(w, op.by, 'key_created', `${key.id}`, {
    owner,
    prefix,
    ...shown({ note: note === '' ? null : note, expiresAt, rateLimit, openLimit }),
  })
  return { ok: true, value: key }
}

export function resealKeys(w: WriterState, { keys }: ResealKeysOp): Outcome<'resealKeys'> {
  for (const { id, sealed } of keys) w.sql.resealKey.run(sealed, id)
  return { ok: true, value: null }
}

/** Both keys are of one identity, so that the new one opens all that the old one did. */
export function rotateKey(w: WriterState, op: RotateKeyOp): Outcome<'rotateKey'> {
  const old = keyById(w, op.id)
  if (old === null) return NO_KEY
  if (old.replacedBy !== null) {
    if (keyById(w, old.replacedBy) !== null) return { ok: false, refusal: 'key_replaced' }
    // Its successor was revoked, perhaps because nobody wrote it down. How long it was to live itself is known no more.
    if (op.expiresAt === undefined) return { ok: false, refusal: 'key_end_unsaid' }
  }
  const lifeMs = old.expiresAt === null ? null : old.expiresAt - old.createdAt
  const expiresAt = op.expiresAt === undefined ? (lifeMs === null ? null : w.now + lifeMs) : op.expiresAt
  const successor = insert(w, op, { ...old, expiresAt }, old.identity)
  const end = Math.min(w.now + op.overlapMs, old.expiresAt ?? Number.POSITIVE_INFINITY)
  const predecessor = factsOf(w.sql.replaceKey.get(end, successor.id, old.id) as KeyRow)
  audit(w, op.by, 'key_rotated', `${old.id}`, {
    owner: old.owner,
    successor: successor.id,
    prefix: successor.prefix,
    old_until: end / 1000,
    ...shown({ expiresAt }),
  })
  return { ok: true, value: { successor, predecessor } }
}

export function changeKey(w: WriterState, { id, changes, by }: ChangeKeyOp): Outcome<'changeKey'> {
  const old = keyById(w, id)
  if (old === null) return NO_KEY
  const { owner, note, expiresAt, rateLimit, openLimit } = { ...old, ...changes }
  const row = w.sql.changeKey.get(owner, note, expiresAt, rateLimit, openLimit, id) as KeyRow
  audit(w, by, 'key_changed', `${id}`, shown(changes, false))
  return { ok: true, value: factsOf(row) }
}

/** What its identity published stays. What that was remembered by goes, unless another key of it is left. */
export function revokeKey(w: WriterState, op: RevokeKeyOp): Outcome<'revokeKey'> {
  const row = w.sql.revokeKey.get(op.hash) as KeyRow | undefined
  if (row === undefined) return { ok: true, value: null }
  const { id, identity, owner, prefix } = factsOf(row)
  const last = w.sql.firstOfLine.get(identity) === undefined && w.sql.restOfLine.get(identity) === undefined
  if (last) {
    w.sql.dropNoncesOf.run(identity)
    w.sql.dropIdempotentOf.run(identity)
  }
  const unsettled = w.holdings.unsettled(identity)
  audit(w, op.by, 'key_revoked', `${id}`, { owner, prefix, open_intents: unsettled })
  return { ok: true, value: { id, identity, unsettled, last } }
}

function keyById(w: WriterState, id: number): KeyFacts | null {
  const row = w.sql.keyById.get(id) as KeyRow | undefined
  return row === undefined ? null : factsOf(row)
}

function insert(
  w: WriterState,
  { hash, sealed, prefix }: KeySecret,
  { owner, note, expiresAt, rateLimit, openLimit }: KeyTerms,
  identity: number | null,
): KeyFacts {
  const terms = [owner, note, w.now, expiresAt, rateLimit, openLimit, identity]
  return factsOf(w.sql.createKey.get(hash, sealed, prefix, ...terms) as KeyRow)
}

/** Terms under the names of the wire, for the audit trail. */
function shown(
  terms: Partial<KeyTerms> | { note: string | null },
  withoutNulls = true,
): Record<string, unknown> {
  const { owner, note, expiresAt, rateLimit, openLimit } = terms as Partial<KeyTerms>
  const named = {
    owner,
    note,
    expires_at: typeof expiresAt === 'number' ? expiresAt / 1000 : expiresAt,
    rate_limit: rateLimit,
    open_limit: openLimit,
  }
  return Object.fromEntries(
    Object.entries(named).filter(([, value]) => value !== undefined && !(withoutNulls && value === null)),
  )
}
