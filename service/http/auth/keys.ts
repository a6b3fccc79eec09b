import { randomBytes } from 'node:crypto'
import { BusError } from '../../errors.ts'
import { type KeyId, MASTER_KEY } from '../../intent/routing.ts'
import type { KeySecret } from '../../store/operations.ts'
import type { KeyFacts, KeyRecord } from '../../store/records.ts'
import { digestBytes, digestOf } from '../digest.ts'
import type { AppSettings, KeyVault } from '../settings.ts'

/** Who calls. `apiKey` opens the key itself, which a signature is checked with. */
export type Caller = {
  /** The identity: a key and its successors have one, and one rate limit, one store of values, one set of intents. */
  readonly keyId: KeyId
  readonly isMaster: boolean
  isRevoked: boolean
  /** `null`: the master key, which has neither end nor limits. */
  issued: KeyFacts | null
  apiKey(): string
}

const PREFIX_SHOWN = 7

/** How coarse it is when a key was last used, in ms: it is noted at the first use, and then this long after. */
export const USE_STEP_MS = 300_000

/** `tk_` and 43 URL-safe characters: 256 random bits. */
export function newApiKey(): string {
  return `tk_${randomBytes(32).toString('base64url')}`
}

/** The key as the store keeps it: a digest to find it by, and the sealed key to check signatures with. */
export const secretOf = (apiKey: string, identity: KeyId, vault: KeyVault): KeySecret => ({
  hash: hashOf(apiKey),
  sealed: vault.seal(apiKey, identity),
  prefix: shownPrefix(apiKey),
})

/** As much of a key as may be shown to tell keys apart. */
export const shownPrefix = (apiKey: string): string => apiKey.slice(0, PREFIX_SHOWN)

/** What a key is stored and looked up by. */
export const hashOf = digestBytes

/** @returns why the key of a caller who was let in is no longer good, or `null` @param now bus ms */
export function whyShut({ isRevoked, issued }: Caller, now: number): BusError | null {
  if (isRevoked) return new BusError('unauthorized', 'Invalid API key')
  const end = issued?.expiresAt ?? null
  if (end === null || now < end) return null
  return new BusError(
    'key_expired',
    `This API key expired on ${new Date(end).toISOString()}. An admin can make another, or give it more time.`,
  )
}

const MASTER_NAME = 'master'
const nameOfKey = ({ prefix, owner }: KeyFacts): string => `${prefix}… (${owner})`

/** The caller's key, as lists name it. */
export const nameOfCaller = ({ issued }: Caller): string =>
  issued === null ? MASTER_NAME : nameOfKey(issued)

/** Until the caller's key ends, in ms. */
export const lifeLeft = ({ issued }: Caller, now: number): number =>
  issued === null || issued.expiresAt === null ? Number.POSITIVE_INFINITY : issued.expiresAt - now

/** Open and claimed intents that the caller's key may have; `null`: no cap. */
export const openLimitOf = (
  { isMaster, issued }: Caller,
  { maxOpenIntents }: Pick<AppSettings, 'maxOpenIntents'>,
): number | null => (isMaster ? null : (issued?.openLimit ?? maxOpenIntents))

/**
 * Every API key that opens the bus, by its SHA-256. The table in memory is the truth of this process: it is filled
 * from the store at the start and changes only after a key's own commit.
 */
export class KeyRing {
  readonly #vault: KeyVault
  readonly #callers = new Map<string, Caller>()
  /** By the number of the key. */
  readonly #issued = new Map<number, { facts: KeyFacts; hash: Buffer }>()
  /** The numbers of an identity's keys: asked for each row of a list, so it is not searched for. */
  readonly #ofIdentity = new Map<KeyId, Set<number>>()

  constructor(masterKey: string, vault: KeyVault, records: readonly KeyRecord[]) {
    this.#vault = vault
    for (const { hash, sealed, ...facts } of records) this.add(facts, { hash, sealed })
    this.#callers.set(digestOf(masterKey), {
      keyId: MASTER_KEY,
      isMaster: true,
      isRevoked: false,
      issued: null,
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

  add(facts: KeyFacts, { hash, sealed }: Pick<KeyRecord, 'hash' | 'sealed'>): void {
    this.#issued.set(facts.id, { facts, hash })
    const keys = this.#ofIdentity.get(facts.identity) ?? new Set()
    this.#ofIdentity.set(facts.identity, keys.add(facts.id))
    this.#callers.set(hash.toString('hex'), {
      keyId: facts.identity,
      isMaster: false,
      isRevoked: false,
      issued: facts,
      apiKey: () => this.#vault.open({ sealed, hash, identity: facts.identity }),
    })
  }

  /** Takes what the store says now. */
  change(facts: KeyFacts): void {
    const key = this.#issued.get(facts.id)
    if (key === undefined) return
    // Its last use may not have reached the store yet.
    key.facts = { ...facts, lastUsedAt: key.facts.lastUsedAt }
    this.#callers.get(key.hash.toString('hex'))!.issued = key.facts
  }

  remove(keyHash: Buffer): void {
    const digest = keyHash.toString('hex')
    const caller = this.#callers.get(digest)
    if (caller === undefined || caller.issued === null) return
    const { id, identity } = caller.issued
    this.#issued.delete(id)
    const keys = this.#ofIdentity.get(identity)
    if (keys?.delete(id) && keys.size === 0) this.#ofIdentity.delete(identity)
    caller.isRevoked = true
    this.#callers.delete(digest)
  }

  /** Notes that a key was used. @returns whether the store should be told */
  used({ issued }: Caller, now: number): boolean {
    if (issued === null || now < (issued.lastUsedAt ?? Number.NEGATIVE_INFINITY) + USE_STEP_MS) return false
    issued.lastUsedAt = now
    return true
  }

  /** What an operator may see of an identity: how its newest key begins and whose it is, never the key. */
  nameOf(identity: KeyId): string {
    if (identity === MASTER_KEY) return MASTER_NAME
    const keys = this.#ofIdentity.get(identity)
    return keys === undefined
      ? `revoked key ${identity}`
      : nameOfKey(this.#issued.get(Math.max(...keys))!.facts)
  }

  /** What an issued key is stored by, or `null` when no such key is there. */
  hashById(id: number): Buffer | null {
    return this.#issued.get(id)?.hash ?? null
  }

  byHash(hash: Buffer): KeyFacts | null {
    return this.#callers.get(hash.toString('hex'))?.issued ?? null
  }

  get size(): number {
    return this.#issued.size
  }

  /** Newest first. */
  list(): KeyFacts[] {
    return Array.from(this.#issued.values(), ({ facts }) => facts).sort((a, b) => b.id - a.id)
  }
}
