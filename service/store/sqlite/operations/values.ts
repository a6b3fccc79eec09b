import { MASTER_KEY } from '../../../intent/routing.ts'
import type { DropValuesOp, SetOp } from '../../operations.ts'
import type { Outcome } from '../../outcomes.ts'
import type { WriterState } from '../writer-state.ts'
import { isFresh, refuse } from './nonces.ts'

type Gone = { key_id: number; bytes: number }

export function set(w: WriterState, op: SetOp): Outcome<'set'> {
  if (w.room.isLow) return refuse(w, op.nonce, { ok: false, refusal: 'disk_low' })
  const more = bytesOf(op) - bytesAt(w, op)
  if (op.keyId !== MASTER_KEY && more > 0) {
    const { payloads, values } = w.holdings.bytesOf(op.keyId)
    const held = payloads + values
    const most = w.room.keyBytes
    if (held + more > most) return refuse(w, op.nonce, { ok: false, refusal: 'too_many_bytes', held, most })
  }
  if (!isFresh(w, op.nonce)) return { ok: false, refusal: 'replay' }
  keepValue(w, op)
  return { ok: true, value: null }
}

/** Keeps a value and what its key holds in step. */
export function keepValue(w: WriterState, op: Pick<SetOp, 'keyId' | 'key' | 'value' | 'expiresAt'>): void {
  const bytes = bytesOf(op)
  w.holdings.countValue(op.keyId, bytes - bytesAt(w, op))
  w.sql.setValue.run(op.keyId, op.key, op.value, op.expiresAt)
  w.room.written += bytes
}

/** @returns how many went */
export function dropLapsed(w: WriterState, limit: number): number {
  return dropped(w, w.sql.lapsedValues.all(w.now, limit) as Gone[])
}

/** Up to `limit` of the values of a key that nobody has any more. */
export function dropValues(w: WriterState, { keyId, limit }: DropValuesOp): Outcome<'dropValues'> {
  return { ok: true, value: { dropped: dropped(w, w.sql.dropValuesOf.all(keyId, limit) as Gone[]) } }
}

function dropped(w: WriterState, gone: readonly Gone[]): number {
  for (const { key_id: keyId, bytes } of gone) w.holdings.countValue(keyId, -bytes)
  return gone.length
}

const bytesOf = ({ key, value }: Pick<SetOp, 'key' | 'value'>): number =>
  Buffer.byteLength(key) + Buffer.byteLength(value)

const bytesAt = (w: WriterState, { keyId, key }: Pick<SetOp, 'keyId' | 'key'>): number =>
  (w.sql.valueBytes.get(keyId, key) as { bytes: number } | undefined)?.bytes ?? 0
