import { randomBytes } from 'node:crypto'
import { type KeyId, MASTER_KEY } from '../../intent/routing.ts'
import type { KeyRecord } from '../../store/store.ts'
import { digestBytes, digestOf } from '../digest.ts'
import type { KeyVault } from '../settings.ts'

/** Who calls. `apiKey` opens the key itself, which a signature is checked with. */
export type Caller = {
  readonly keyId: KeyId
  readonly isMaster: boolean
  isRevoked: boolean
  apiKey(): string
}

export type KeyEntry = { id: KeyId; hash: Buffer; prefix: string; owner: string; createdAt: number }

const PREFIX_SHOWN = 7

/** `tk_` and 43 URL-safe characters: 256 random bits. */
export function newApiKey(): string {
  return `tk_${randomBytes(32).toString('base64url')}`
}

/** As much of a key as may be shown to tell keys apart. */
export const shownPrefix = (apiKey: string): string => apiKey.slice(0, PREFIX_SHOWN)

/** What a key is stored and looked up by. */
export const hashOf = digestBytes

/**
 * Every API key that opens the bus, by its SHA-256. The table in memory is the truth of this process: it is filled
 * from the store at the start and changes only after a key's own commit.
 */
export class KeyRing {
  readonly #vault: KeyVault
  readonly #callers = new Map<string, Caller>()
  readonly #issued = new Map<string, KeyEntry>()

  constructor(masterKey: string, vault: KeyVault, records: readonly KeyRecord[]) {
    this.#vault = vault
    for (const record of records) this.add(record)
    this.#callers.set(digestOf(masterKey), {
      keyId: MASTER_KEY,
      isMaster: true,
      isRevoked: false,
      apiKey: () => masterKey,
    })
  }

  /**
   * Looked up by digest, in a table whose hash is seeded anew in each process: how long it takes tells nothing about
   * any key.
   */
  find(apiKey: string): Caller | null {
    return this.#callers.get(digestOf(apiKey)) ?? null
  }

  add({ sealed, ...entry }: KeyRecord): void {
    const digest = entry.hash.toString('hex')
    this.#issued.set(digest, entry)
    this.#callers.set(digest, {
      keyId: entry.id,
      isMaster: false,
      isRevoked: false,
      apiKey: () => this.#vault.open(sealed),
    })
  }

  remove(keyHash: Buffer): void {
    const digest = keyHash.toString('hex')
    if (!this.#issued.delete(digest)) return
    this.#callers.get(digest)!.isRevoked = true
    this.#callers.delete(digest)
  }

  /** What an operator may see of a key: its prefix and owner, never the key. */
  nameOf(keyId: KeyId): string {
    if (keyId === MASTER_KEY) return 'master'
    for (const entry of this.#issued.values()) {
      if (entry.id === keyId) return `${entry.prefix}… (${entry.owner})`
    }
    return `revoked key ${keyId}`
  }

  /** What an issued key is stored by, or `null` when no such key is there. */
  hashById(keyId: KeyId): Buffer | null {
    for (const entry of this.#issued.values()) if (entry.id === keyId) return entry.hash
    return null
  }

  get size(): number {
    return this.#issued.size
  }

  /** Newest first. */
  list(): KeyEntry[] {
    return [...this.#issued.values()].sort((a, b) => b.id - a.id)
  }
}
