import type { KeyId } from '../../intent/routing.ts'
import type { Nonce } from '../../store/operations.ts'

/** Of one key. A nonce is 128 characters at most, so these are 250 KB at worst; a window of 60 requests fits in 16 times. */
const MOST_PER_KEY = 1000

/**
 * Nonces of signed requests that were refused, in memory: a refusal must not cost the disk anything, and must not pass when it is
 * sent again. Each is kept until its timestamp is stale; of a key that has too many the oldest goes first.
 */
export class RefusedNonces {
  readonly #byKey = new Map<KeyId, Map<string, number>>()
  readonly #most: number

  constructor(mostPerKey = MOST_PER_KEY) {
    this.#most = mostPerKey
  }

  /** @param now bus ms */
  remember(nonce: Nonce, now: number): void {
    if (nonce === null) return
    let seen = this.#byKey.get(nonce.keyId)
    if (seen === undefined) {
      this.prune(now)
      seen = new Map()
      this.#byKey.set(nonce.keyId, seen)
    }
    seen.delete(nonce.value)
    seen.set(nonce.value, nonce.expiresAt)
    if (seen.size > this.#most) seen.delete(seen.keys().next().value!)
  }

  /** @param now bus ms */
  has(keyId: KeyId, value: string, now: number): boolean {
    return (this.#byKey.get(keyId)?.get(value) ?? 0) > now
  }

  forget(keyId: KeyId): void {
    this.#byKey.delete(keyId)
  }

  clear(): void {
    this.#byKey.clear()
  }

  /** Drops those whose signature is good no longer. @param now bus ms */
  prune(now: number): void {
    for (const [keyId, seen] of this.#byKey) {
      for (const [value, expiresAt] of seen) {
        if (expiresAt > now) break
        seen.delete(value)
      }
      if (seen.size === 0) this.#byKey.delete(keyId)
    }
  }
}
