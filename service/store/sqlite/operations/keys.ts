import type { CreateKeyOp, Outcome, RevokeKeyOp } from '../../store.ts'
import type { Writer } from '../writer.ts'

export function createKey(w: Writer, op: CreateKeyOp): Outcome<'createKey'> {
  const { hash, sealed, prefix, owner } = op
  const id = w.sql.createKey.run(hash, sealed, prefix, owner, w.now).lastInsertRowid as number
  return { ok: true, value: { id, createdAt: w.now } }
}

/** What the key published stays; what it was remembered by goes. */
export function revokeKey(w: Writer, op: RevokeKeyOp): Outcome<'revokeKey'> {
  const gone = w.sql.revokeKey.get(op.hash) as { id: number } | undefined
  if (gone === undefined) return { ok: true, value: null }
  w.sql.dropNoncesOf.run(gone.id)
  w.sql.dropIdempotentOf.run(gone.id)
  return { ok: true, value: { id: gone.id, unsettled: w.lanes.unsettled(gone.id) } }
}
