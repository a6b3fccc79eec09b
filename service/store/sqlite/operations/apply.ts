import type { Op, SettleAllOp } from '../../operations.ts'
import type { Outcome } from '../../outcomes.ts'
import type { WriterState } from '../writer-state.ts'
import { cancel, retry } from './admin.ts'
import { audit } from './audit.ts'
import { claim, release } from './claim.ts'
import { dropDead, retryDead } from './dead-letters.ts'
import { changeKey, createKey, resealKeys, revokeKey, rotateKey } from './keys.ts'
import { maintain } from './maintenance.ts'
import { isFresh, REPLAY } from './nonces.ts'
import { publish, publishAll } from './publish.ts'
import { purge } from './purge.ts'
import { areFulfils, extend, fail, fulfil, fulfilAll, progress } from './settle.ts'
import { sweep } from './sweep.ts'
import { dropValues, set } from './values.ts'

/** What may be refused by a limit, or because it is not theirs: then nothing is written, its nonce included. */
const KEEPS_ITS_NONCE = new Set<Op['kind']>(['publish', 'publishAll', 'set', 'cancel', 'retry'])

/** Carries out one operation inside the transaction under way. */
export function apply(w: WriterState, op: Op): Outcome {
  if (w.room.refuses(op)) return { ok: false, refusal: 'disk_full' }
  if ('nonce' in op && !KEEPS_ITS_NONCE.has(op.kind) && !isFresh(w, op.nonce)) return REPLAY
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
      return set(w, op)
    case 'witness':
      return { ok: true, value: null }
    case 'createKey':
      return createKey(w, op)
    case 'resealKeys':
      return resealKeys(w, op)
    case 'rotateKey':
      return rotateKey(w, op)
    case 'changeKey':
      return changeKey(w, op)
    case 'revokeKey':
      return revokeKey(w, op)
    case 'dropValues':
      return dropValues(w, op)
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

function settleAll(w: WriterState, ops: SettleAllOp['ops']): Outcome<'extend' | 'fulfil' | 'fail'>[] {
  if (w.careful.isOn) return ops.map(op => w.careful.carryOutItem(op))
  if (areFulfils(ops)) return fulfilAll(w, ops)
  return ops.map(op => apply(w, op) as Outcome<(typeof op)['kind']>)
}
