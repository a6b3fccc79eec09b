/** What a commit is asked to do. Whatever is fresh in it (an id, a token, a jitter) was made by whoever asks. */
import type { Ask, KeyId, Route } from '../intent/routing.ts'
import type { Actor, AuditAction, AuditEntry, KeyRecord, Progress, ResultType } from './records.ts'

/** Seen once per key while it lives; checked and kept in the same commit as what it signs. `null`: not signed. */
export type Nonce = { keyId: KeyId; value: string; expiresAt: number } | null

type Signed = { nonce: Nonce }

export type PublishOp = Signed & {
  kind: 'publish'
  id: string
  route: Route
  /** Compact JSON text, kept to the letter. */
  payload: string
  priority: number
  delayMs: number
  /** How long after it is due an unclaimed intent lives. */
  ttlMs: number
  maxAttempts: number
  backoffMs: number
  /** Refuse when the key has this many open and claimed intents; `null`: no cap. */
  openLimit: number | null
  /** `fingerprint`: a digest of the body, in hex. */
  idempotency: { key: string; fingerprint: string; expiresAt: number } | null
}

/** All of them, or none when one is refused; its outcome says which. */
export type PublishAllOp = Signed & { kind: 'publishAll'; ops: PublishOp[] }

/** Each for itself, in one transaction. */
export type SettleAllOp = Signed & { kind: 'settleAll'; ops: (ExtendOp | FulfilOp | FailOp)[] }

/** Takes up to as many intents as it brings tokens. */
export type ClaimOp = Signed & { kind: 'claim'; ask: Ask; tokens: string[]; leaseMs: number }

/** Gives back what was claimed for somebody who was gone by then: the attempt does not count. */
export type ReleaseOp = { kind: 'release'; id: string; token: string }

/** `token: null`: settle by the key that holds the live lease (clients from before claim tokens). */
type Held = Signed & { id: string; keyId: KeyId; token: string | null }

export type ExtendOp = Held & { kind: 'extend'; leaseMs: number }

export type FulfilOp = Held & { kind: 'fulfil'; result: string | null; resultType: ResultType }

export type FailOp = Held & { kind: 'fail'; error: string; jitterMs: number }

/** `leaseMs: null` leaves the lease as it is. */
export type ProgressOp = Held & Progress & { kind: 'progress'; leaseMs: number | null }

export type SetOp = Signed & { kind: 'set'; keyId: KeyId; key: string; value: string; expiresAt: number }

/** Does nothing but keep a nonce: a signed read, or a signed request that was refused before it reached the store. */
type WitnessOp = Signed & { kind: 'witness' }

/** Who asked for it, as far as a request says. What is done for somebody goes into the audit trail in the same transaction. */
type Audited = { by?: Actor | undefined }

/** The key itself, in the ways in which it is kept. */
export type KeySecret = Pick<KeyRecord, 'hash' | 'sealed' | 'prefix'>

export type KeyTerms = Pick<KeyRecord, 'owner' | 'note' | 'expiresAt' | 'rateLimit' | 'openLimit'>

/** `id` is what `nextKeyId` said; refused when another key has it by now. */
export type CreateKeyOp = Audited & KeySecret & KeyTerms & { kind: 'createKey'; id: number }

/** Puts other seals of the same keys in the place of theirs. */
export type ResealKeysOp = { kind: 'resealKeys'; keys: Pick<KeyRecord, 'id' | 'sealed'>[] }

/**
 * A new secret for the same identity, with the owner, note and limits of the one before, which stays good until `overlapMs` from
 * now, or its own end if that comes first. `expiresAt: undefined`: it lives as long as its predecessor was made to.
 */
export type RotateKeyOp = Audited &
  KeySecret & { kind: 'rotateKey'; id: number; overlapMs: number; expiresAt: number | null | undefined }

/** What is left out stays as it is. */
export type ChangeKeyOp = Audited & { kind: 'changeKey'; id: number; changes: Partial<KeyTerms> }

export type RevokeKeyOp = Audited & { kind: 'revokeKey'; hash: Buffer }

/** Deletes up to `limit` values of an identity that has no key any more: nobody can read them. */
export type DropValuesOp = { kind: 'dropValues'; keyId: KeyId; limit: number }

/** `at` is bus ms. */
type KeyUsedOp = { kind: 'keyUsed'; id: number; at: number }

/** Only if that key published it; `null`: an admin asks, for whom it does not matter. */
type OfPublisher = Signed & { publisher: KeyId | null }

export type CancelOp = Audited & OfPublisher & { kind: 'cancel'; id: string }

/** Refused when its publisher has this many open and claimed intents; `openLimit: null`: no cap. */
export type RetryOp = Audited &
  OfPublisher & { kind: 'retry'; id: string; ttlMs: number; openLimit: number | null }

/** Opens the dead among the intents named again, as `retry` does, and leaves the others alone. */
export type RetryDeadOp = Audited & { kind: 'retryDead'; ids: string[]; ttlMs: number }

/** Deletes the dead among them for good, as a prune does: an idempotency key goes on answering until it lapses. */
export type DropDeadOp = Audited & { kind: 'dropDead'; ids: string[] }

/** What was done outside the database: it goes into the audit trail after the fact. */
type RecordOp = {
  kind: 'record'
  by: Actor
  action: AuditAction
  subject: string
  detail: AuditEntry['detail']
}

/** Switches maintenance; it outlives a restart. What it is already it stays, and no entry is made of it. */
export type MaintainOp = Audited & { kind: 'maintain'; on: boolean; note: string }

/**
 * `namespace: null` empties everything but the keys and the audit trail, at once. A namespace goes in bounded steps: its intents, then the
 * idempotency keys that would go on answering for them. `from: null` begins.
 */
export type PurgeOp = Audited & {
  kind: 'purge'
  namespace: string | null
  from: PurgeCursor | null
  limit: number
}

/** How far a purge has come. What came after it began stays. */
export type PurgeCursor =
  /** Rows of that table with a sequence in (`after`, `upTo`]. */
  | {
      table: 'intents' | 'idempotency_keys'
      after: number
      upTo: { intents: number; idempotency_keys: number }
    }
  /** Intents with an id in (`after`, `upTo`]: some cannot be read. */
  | { table: 'ids of intents'; after: string; upTo: { ids: string; idempotency_keys: number } }
  /** All that is left, of a purge of everything. */
  | { table: 'others' }

/**
 * One bounded step of time-driven work: leases that ran out, intents that fell due or expired, retention, prune.
 * `seed` (0 ≤ seed < 1) spreads the retries of the leases it ends.
 */
export type SweepOp = {
  kind: 'sweep'
  limit: number
  seed: number
  keepFulfilledMs: number
  keepDeadMs: number
  prune: boolean
}

export type Op =
  | PublishOp
  | PublishAllOp
  | SettleAllOp
  | ClaimOp
  | ReleaseOp
  | ExtendOp
  | FulfilOp
  | FailOp
  | ProgressOp
  | SetOp
  | WitnessOp
  | CreateKeyOp
  | ResealKeysOp
  | RotateKeyOp
  | ChangeKeyOp
  | RevokeKeyOp
  | DropValuesOp
  | KeyUsedOp
  | CancelOp
  | RetryOp
  | RetryDeadOp
  | DropDeadOp
  | MaintainOp
  | RecordOp
  | PurgeOp
  | SweepOp
