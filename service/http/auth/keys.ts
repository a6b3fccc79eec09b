import { randomBytes } from 'node:crypto'
import { type KeyId, MASTER_KEY } from '../../intent/routing.ts'
import type { KeyRecord } from '../../store/store.ts'
import type { KeyVault } from '../settings.ts'
import { Secret, sha256 } from './secrets-equal.ts'

/** Who calls. `apiKey` opens the key itself, which a signature is checked with. */
export type Caller = { keyId: KeyId; isMaster: boolean; apiKey(): string }

export type KeyEntry = { id: KeyId; hash: Buffer; prefix: string; owner: string; createdAt: number }

const PREFIX_SHOWN = 7

/** `tk_` and 43 URL-safe characters: 256 random bits. */
export function newApiKey(): string {
  return `tk_${randomBytes(32).toString('base64url')}`
}

/** As much of a key as may be shown to tell keys apart. */
export const shownPrefix = (apiKey: string): string => apiKey.slice(0, PREFIX_SHOWN)

export const hashOf = sha256

/**
 * Every API key that opens the bus, by its SHA-256. The table in memory is the truth of this process: it is filled
 * from the store at the start and changes only after a key's own commit.
 */
export class KeyRing {
  readonly #vault: KeyVault
  readonly #master: Secret
  readonly #masterCaller: Caller
  readonly #issued = new Map<string, { entry: KeyEntry; caller: Caller }>()

  constructor(masterKey: string, vault: KeyVault, records: readonly KeyRecord[]) {
    this.#vault = vault
    this.#master = new Secret(masterKey)
    this.#masterCaller = { keyId: MASTER_KEY, isMaster: true, apiKey: () => masterKey }
    for (const record of records) this.add(record)
  }

  /** Looked up by digest: how long it takes depends on the digest, which tells nothing about the key. */
  find(apiKey: string): Caller | null {
    const digest = sha256(apiKey)
    if (this.#master.matches(digest)) return this.#masterCaller
    return this.#issued.get(slot(digest))?.caller ?? null
  }

  add({ sealed, ...entry }: KeyRecord): void {
    const caller = { keyId: entry.id, isMaster: false, apiKey: () => this.#vault.open(sealed) }
    this.#issued.set(slot(entry.hash), { entry, caller })
  }

  remove(keyHash: Buffer): void {
    this.#issued.delete(slot(keyHash))
  }

  /** What an operator may see of a key: its prefix and owner, never the key. */
  nameOf(keyId: KeyId): string {
    if (keyId === MASTER_KEY) return 'master'
    for (const { entry } of this.#issued.values()) {
      if (entry.id === keyId) return `${entry.prefix}… (${entry.owner})`
    }
    return `revoked key ${keyId}`
  }

  get size(): number {
    return this.#issued.size
  }

  /** Newest first. */
  list(): KeyEntry[] {
    return Array.from(this.#issued.values(), ({ entry }) => entry).sort((a, b) => b.id - a.id)
  }
}

const slot = (digest: Buffer): string => digest.toString('latin1')
