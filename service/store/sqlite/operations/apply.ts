import type { Nonce, Op, SettleAllOp } from '../../operations.ts'
import type { Outcome } from '../../outcomes.ts'
import type { Writer } from '../writer.ts'
import { cancel, purge, retry } from './admin.ts'
import { audit } from './audit.ts'
import { claim, release } from './claim.ts'
import { dropDead, retryDead } from './dead-letters.ts'
import { changeKey, createKey, revokeKey, rotateKey } from './keys.ts'
import { maintain } from './maintenance.ts'
import { publish, publishAll } from './publish.ts'
import { areFulfils, extend, fail, fulfil, fulfilAll, progress } from './settle.ts'
import { sweep } from './sweep.ts'

/** Carries out one operation inside the transaction under way. */
export function apply(w: Writer, op: Op): Outcome {
  if ('nonce' in op && !isFresh(w, op.nonce)) return { ok: false, refusal: 'replay' }
  switch (op.kind) {
    case 'publish':
      return publish(w, op)
    case 'publishAll':
      return publishAll(w, op)
    case 'settleAll':
      return { ok: true, value: settleAll(w, op.ops) }
    case 'claim':
      return claim(w, op)
    case 'release':
      return release(w, op)
    case 'extend':
      return extend(w, op)
    case 'progress':
      return progress(w, op)
    case 'fulfil':
      return fulfil(w, op)
    case 'fail':
      return fail(w, op)
    case 'set':
      w.sql.setValue.run(op.keyId, op.key, op.value, op.expiresAt)
      return { ok: true, value: null }
    case 'witness':
      return { ok: true, value: null }
    case 'createKey':
      return createKey(w, op)
    case 'rotateKey':
      return rotateKey(w, op)
    case 'changeKey':
      return changeKey(w, op)
    case 'revokeKey':
      return revokeKey(w, op)
    case 'keyUsed':
      w.sql.keyUsed.run(op.at, op.id, op.at)
      return { ok: true, value: null }
    case 'maintain':
      return maintain(w, op)
    case 'record':
      audit(w, op.by, op.action, op.subject, op.detail)
      return { ok: true, value: null }
    case 'cancel':
      return cancel(w, op)
    case 'retry':
      return retry(w, op)
    case 'retryDead':
      return retryDead(w, op)
    case 'dropDead':
      return dropDead(w, op)
    case 'purge':
      return purge(w, op)
    case 'sweep':
      return sweep(w, op)
  }
}

function settleAll(w: Writer, ops: SettleAllOp['ops']): Outcome<'extend' | 'fulfil' | 'fail'>[] {
  if (areFulfils(ops)) return fulfilAll(w, ops)
  return ops.map(op => apply(w, op) as Outcome<(typeof op)['kind']>)
}

function isFresh(w: Writer, nonce: Nonce): boolean {
  return nonce === null || w.sql.keepNonce.run(nonce.keyId, nonce.value, nonce.expiresAt).changes === 1
}
