import { shownPrefix } from '../../http/auth/keys.ts'
import { digestBytes } from '../../http/digest.ts'
import { type KeyId, MASTER_KEY } from '../../intent/routing.ts'
import type { Cell } from './source.ts'

/** Where keys get their numbers. */
export type KeyNumbers = { byHash(hash: Buffer): KeyId | null; revoked(): KeyId }

/**
 * Whose is what: the reference writes the whole API key into each row, this bus a number. A key that is neither the
 * master's nor in `tester_keys` was revoked; what it published stays, and is nobody's.
 */
export class Parties {
  readonly #numbers: KeyNumbers
  readonly #known: Map<string, KeyId>
  readonly #revoked = new Map<string, KeyId>()

  constructor(masterKey: string, numbers: KeyNumbers) {
    this.#numbers = numbers
    this.#known = new Map([[masterKey, MASTER_KEY]])
  }

  add(apiKey: string, id: KeyId): void {
    if (!this.#known.has(apiKey)) this.#known.set(apiKey, id)
  }

  /** @returns `null` when it is no key of this bus */
  known(apiKey: string): KeyId | null {
    return this.#known.get(apiKey) ?? null
  }

  /** The same, and a number of its own for one that was revoked. `null`: nobody. */
  of(cell: Cell | undefined): KeyId | null {
    if (typeof cell !== 'string' || cell === '') return null
    const known = this.known(cell)
    if (known !== null) return known
    const gone = this.#revoked.get(cell) ?? this.#numbers.byHash(digestBytes(cell)) ?? this.#numbers.revoked()
    this.#revoked.set(cell, gone)
    return gone
  }

  isRevoked(apiKey: string): boolean {
    return this.#revoked.has(apiKey)
  }

  /**
   * `<api key>:<key>` is how a value's key is written. An API key may have colons of its own.
   * @returns `null` when no key of this bus stands in front
   */
  ownerOf(scoped: string): { keyId: KeyId; key: string } | null {
    for (let at = scoped.indexOf(':'); at !== -1; at = scoped.indexOf(':', at + 1)) {
      const keyId = this.known(scoped.slice(0, at))
      if (keyId !== null) return { keyId, key: scoped.slice(at + 1) }
    }
    return null
  }
}

/** As much of a key as may be shown. */
export const shownKey = (apiKey: string): string => `${shownPrefix(apiKey)}…`
