import type { Nonce } from '../../operations.ts'
import type { Refused } from '../../outcomes.ts'
import type { WriterState } from '../writer-state.ts'

export const REPLAY = { ok: false, refusal: 'replay' } as const

/** Keeps a nonce, in the transaction under way. @returns whether it had not been seen */
export function isFresh(w: WriterState, nonce: Nonce): boolean {
  return nonce === null || w.sql.keepNonce.run(nonce.keyId, nonce.value, nonce.expiresAt).changes === 1
}

/**
 * For what is refused before anything of it is written: its nonce is not written either, and whoever asked has to remember it. What
 * has passed once stays a replay, whatever it would be refused for by now.
 */
export function refuse(w: WriterState, nonce: Nonce, refused: Refused): Refused {
  if (nonce === null || w.sql.seenNonce.get(nonce.keyId, nonce.value) === undefined) return refused
  return REPLAY
}
