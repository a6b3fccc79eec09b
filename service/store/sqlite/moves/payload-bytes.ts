import type { HeldRow } from '../statements.ts'
import { DELAYED, READY } from '../states.ts'
import type { WriterState } from '../writer-state.ts'

/** Of an intent's payload: what a key's limit counts while the intent is open. */
export const payloadBytes = (w: WriterState, n: number): number =>
  (w.sql.payloadBytes.get(n) as { bytes: number }).bytes

/** 0 when the intent is not open: then it is not counted. */
export const openBytes = (w: WriterState, { n, state }: Pick<HeldRow, 'n' | 'state'>): number =>
  state === DELAYED || state === READY ? payloadBytes(w, n) : 0
