/**
 * The contract between the broker and an engine.
 *
 * **Durability.** `commit` applies its operations in order inside one transaction and resolves only after that
 * transaction is on disk. If it rejects, none of them happened. Calls that wait while another transaction syncs share
 * the next one, in the order they came. A refusal (lease lost, key reused, …) is a value in its outcome, not a
 * failure: what the other operations did stands.
 *
 * **Time and chance come from outside.** Every operation that needs a fresh id, token or jitter brings it; `now`
 * is bus time in ms. An engine reads no clock and rolls no dice, so both engines can be held against one model.
 *
 * **Cost.** No operation costs in proportion to what is queued.
 */
import type { State } from '../intent/lifecycle.ts'
import type { Ask, KeyId, Route } from '../intent/routing.ts'

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
export type WitnessOp = Signed & { kind: 'witness' }

/** Who asked for it, as far as a request says. What is done for somebody goes into the audit trail in the same transaction. */
type Audited = { by?: Actor | undefined }

/** The key itself, in the ways in which it is kept. */
export type KeySecret = Pick<KeyRecord, 'hash' | 'sealed' | 'prefix'>
export type KeyTerms = Pick<KeyRecord, 'owner' | 'note' | 'expiresAt' | 'rateLimit' | 'openLimit'>
export type CreateKeyOp = Audited & KeySecret & KeyTerms & { kind: 'createKey' }
/**
 * A new secret for the same identity, with the owner, note and limits of the one before, which stays good until `overlapMs` from
 * now, or its own end if that comes first. `expiresAt: undefined`: it lives as long as its predecessor was made to.
 */
export type RotateKeyOp = Audited &
  KeySecret & { kind: 'rotateKey'; id: number; overlapMs: number; expiresAt: number | null | undefined }
/** What is left out stays as it is. */
export type ChangeKeyOp = Audited & { kind: 'changeKey'; id: number; changes: Partial<KeyTerms> }
export type RevokeKeyOp = Audited & { kind: 'revokeKey'; hash: Buffer }
/** `at` is bus ms. */
export type KeyUsedOp = { kind: 'keyUsed'; id: number; at: number }
export type CancelOp = Audited & { kind: 'cancel'; id: string }
export type RetryOp = Audited & { kind: 'retry'; id: string; ttlMs: number }
/** Opens the dead among the intents named again, as `retry` does, and leaves the others alone. */
export type RetryDeadOp = Audited & { kind: 'retryDead'; ids: string[]; ttlMs: number }
/** Deletes the dead among them for good, as a prune does: an idempotency key goes on answering until it lapses. */
export type DropDeadOp = Audited & { kind: 'dropDead'; ids: string[] }
/** Switches maintenance; it outlives a restart. What it is already it stays, and no entry is made of it. */
/** What was done outside the database: it goes into the audit trail after the fact. */
export type RecordOp = {
  kind: 'record'
  by: Actor
  action: AuditAction
  subject: string
  detail: AuditEntry['detail']
}
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
/** Rows of that table with a sequence in (`after`, `upTo`]: what came after the purge began stays. */
export type PurgeCursor = {
  table: 'intents' | 'idempotency_keys'
  after: number
  upTo: { intents: number; idempotency_keys: number }
}
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
  | RotateKeyOp
  | ChangeKeyOp
  | RevokeKeyOp
  | KeyUsedOp
  | CancelOp
  | RetryOp
  | RetryDeadOp
  | DropDeadOp
  | MaintainOp
  | RecordOp
  | PurgeOp
  | SweepOp

export type ResultType = 'json' | 'text'

export type Refusal =
  | 'replay'
  | 'limit_exceeded'
  | 'idempotency_conflict'
  | 'lease_lost'
  | 'not_found'
  | 'no_key'
  /** It has a successor already. */
  | 'key_replaced'
  | 'key_end_unsaid'
  /** The engine could not carry out this one operation; the rest of its commit stands. */
  | 'internal'

export type Published = { id: string; namespace: string; replayed: boolean }
export type Claimed = {
  id: string
  route: Route
  payload: string
  attempts: number
  priority: number
  token: string
  leaseMs: number
  /** How long it had been due, in ms. */
  waitedMs: number
}
export type Settled = {
  id: string
  namespace: string
  heldMs: number
  became: 'fulfilled' | 'retry' | 'dead'
}
/** `moved`: whether this changed anything (a cancel may be repeated). */
export type Moved = { id: string; state: State; namespace: string; moved: boolean }

/** Rows handled by a sweep, under the names of the wire. */
export const SWEEP_COUNTS = [
  'expired_open_deleted',
  'expired_claims_requeued',
  'expired_claims_dead',
  'fulfilled_deleted',
  'dead_deleted',
  'dead_letters_deleted',
  'store_deleted',
  'idempotency_deleted',
  'nonces_deleted',
] as const
export type SweepCounts = Record<(typeof SWEEP_COUNTS)[number], number>
export const noCounts = () => Object.fromEntries(SWEEP_COUNTS.map(name => [name, 0])) as SweepCounts

export type Swept = { counts: SweepCounts; done: boolean }
/** Something that time did to an intent, in whichever commit noticed. */
export type Lapse = { id: string; namespace: string; what: 'lease_retried' | 'lease_died' | 'expired' }

export type ValueOf = {
  publish: Published
  publishAll: Published[]
  settleAll: Outcome<'extend' | 'fulfil' | 'fail'>[]
  claim: Claimed[]
  /** Whether it was still claimed with that token. */
  release: boolean
  extend: { id: string }
  fulfil: Settled
  fail: Settled
  progress: { id: string }
  set: null
  witness: null
  createKey: KeyFacts
  /** Both as they are now. */
  rotateKey: { successor: KeyFacts; predecessor: KeyFacts }
  changeKey: KeyFacts
  /** `unsettled`: open and claimed intents of its identity, which stay. `last`: no other key of that is left. */
  revokeKey: { id: number; identity: KeyId; unsettled: number; last: boolean } | null
  keyUsed: null
  cancel: Moved
  retry: Moved
  /** Per id, in order: whether it was dead. One that stands twice is not when its second turn comes. */
  retryDead: boolean[]
  dropDead: boolean[]
  maintain: Maintenance | null
  record: null
  /** `deleted` counts intents. */
  purge: { deleted: number; next: PurgeCursor | null }
  sweep: Swept
}

export type Outcome<K extends Op['kind'] = Op['kind']> =
  | { ok: true; value: ValueOf[K] }
  /** `item`: which one of several. */
  | { ok: false; refusal: Refusal; item?: number }

/** Intents of one route that a transaction made ready for a worker. */
export type Readied = { route: Route; count: number }

/** One transaction that is on disk. */
export type Transaction = {
  operations: number
  lapses: Lapse[]
  readied: Readied[]
  /** When time-driven work is next due (bus ms, a lower bound); `null`: nothing waits for time. */
  nextDue: number | null
  /** How long it took, its sync included, in ms. */
  durationMs: number
}

/** `transaction` is one and the same object in the answer of each call that shared it. */
export type Committed = { outcomes: Outcome[]; transaction: Transaction }

/** An issued key. Times are bus ms, `null`: none; limits that are `null` are the bus's. */
export type KeyRecord = {
  /** Its number, which no other key ever has. */
  id: number
  /** Whose intents, values and leases it opens: its own number, or that of the first key of the line it was rotated from. */
  identity: KeyId
  hash: Buffer
  sealed: Buffer
  prefix: string
  owner: string
  note: string
  createdAt: number
  expiresAt: number | null
  lastUsedAt: number | null
  /** Requests in a window. */
  rateLimit: number | null
  /** Open and claimed intents. */
  openLimit: number | null
  /** The number of its successor. */
  replacedBy: number | null
}

/** All but what opens it. */
export type KeyFacts = Omit<KeyRecord, 'hash' | 'sealed'>

/** What is known of whoever did something as an admin. */
export type Actor = {
  /** Which secret it was. */
  credential: 'admin_token' | 'password'
  via: 'api' | 'dashboard'
  address: string
  requestId: string
}

export const AUDIT_ACTIONS = [
  'key_created',
  'key_rotated',
  'key_changed',
  'key_revoked',
  'intent_cancelled',
  'intent_retried',
  'dead_retried',
  'dead_dropped',
  'purged',
  'maintenance_on',
  'maintenance_off',
  'backup_made',
  'backup_fetched',
] as const
export type AuditAction = (typeof AUDIT_ACTIONS)[number]

export type AuditEntry = Actor & {
  sequence: number
  at: number
  action: AuditAction
  /** The id of a key or an intent, or a namespace; `null`: the detail says it. */
  subject: string | null
  detail: Readonly<Record<string, unknown>>
}

/** What is `null` does not matter. With neither `after` nor `since` it is the newest. */
export type AuditSearch = {
  /** A sequence. */
  after: number | null
  /** Bus ms. */
  since: number | null
  action: AuditAction | null
  limit: number
}

/** `since`: bus ms at which it was switched on. */
export type Maintenance = { since: number; note: string }

/** How far a worker says it is, in percent, and what it says besides. */
export type Progress = { progress: number; message: string | null }

export type Intent = {
  id: string
  route: Route
  state: State
  priority: number
  attempts: number
  maxAttempts: number
  backoffMs: number
  createdAt: number
  runAt: number
  expiresAt: number
  claimedAt: number | null
  leaseUntil: number | null
  /** The key that holds or last held the lease. */
  claimer: KeyId | null
  workerId: string | null
  completedAt: number | null
  lastError: string | null
  /** Of the present or last attempt; `null`: nothing was said. */
  progress: Progress | null
}
export type IntentResult = { type: ResultType; text: string }

export type DeadLetter = {
  intentId: string
  route: Route
  attempts: number
  reason: string
  /** What the last attempt failed with. */
  lastError: string | null
  createdAt: number
}

/** What is `null` does not matter. */
export type DeadLetterSearch = {
  namespace: string | null
  goal: string | null
  reason: string | null
  /** Only what died before this: the intent id of a dead letter, or the `next` of an earlier page. */
  before: string | number | null
  limit: number
}
/**
 * Newest death first; what one sweep killed is in any order. A page looks at a bounded number of letters, so it may be
 * shorter than its limit, or empty, and not be the last. `next` is where to go on (a whole number from 1 up), whatever
 * becomes of these letters meanwhile; `null`: there are no more.
 */
export type DeadLetterPage = { letters: DeadLetter[]; next: number | null }

/** What is `null` does not matter. */
export type IntentSearch = {
  namespace: string | null
  goal: string | null
  states: readonly State[] | null
  /** Only what was published before this: the id of an intent, or the `next` of an earlier page. */
  before: string | number | null
  limit: number
}
/** Newest first. Like a page of dead letters, it may be shorter than its limit and not be the last. */
export type IntentPage = { intents: Intent[]; next: number | null }

/** Work of one goal that is not done. */
export type GoalDepth = { namespace: string; goal: string; open: number; claimed: number }
export type Depth = { namespace: string; open: number; claimed: number; fulfilled: number; dead: number }
export type Stats = {
  depth: Depth[]
  lanes: number
  /** Bus ms at which the intent that has been ready longest fell due; `null`: nothing is ready. */
  oldestReadySince: number | null
  databaseBytes: number
  walBytes: number
  diskFreeBytes: number
}

/** How a copy of all of it is made: from this file, by the bus; or by a tool that the engine has for it (`pg_dump`). */
export type CopySource = { file: string } | { tool: string }

export interface Store {
  readonly copySource: CopySource
  /** The latest bus time known on disk, in ms: at most a second behind the last commit; 0 when the database is new. */
  readonly lastSeen: number
  readonly nextDue: number | null
  /** @throws {StorageError} */
  commit(ops: readonly Op[], now: number): Promise<Committed>
  intent(id: string): Promise<Intent | null>
  payload(id: string): Promise<string | null>
  result(id: string): Promise<IntentResult | null>
  value(keyId: KeyId, key: string, now: number): Promise<string | null>
  keys(): Promise<KeyRecord[]>
  /** @returns `null` when `before` is the id of an intent that is not dead */
  deadLetters(search: DeadLetterSearch): Promise<DeadLetterPage | null>
  deadLetter(intentId: string): Promise<DeadLetter | null>
  /** @returns `null` when `before` is an id that no intent has */
  intents(search: IntentSearch): Promise<IntentPage | null>
  /** The goals with the most open and claimed intents, the greatest first. */
  busiestGoals(limit: number): Promise<GoalDepth[]>
  /** Oldest first. */
  audit(search: AuditSearch): Promise<AuditEntry[]>
  /** `null`: it is not switched on. */
  maintenance(): Promise<Maintenance | null>
  stats(): Promise<Stats>
  /** Open and claimed intents by the key that published them, as they are kept; a key that has none is left out. */
  unsettled(): Promise<ReadonlyMap<KeyId, number>>
  close(): Promise<void>
}

/** Why a commit did not happen. `full`: no room on the disk, worth trying again later; `failed`: anything else. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly reason: 'full' | 'failed'

  constructor(reason: 'full' | 'failed', message: string) {
    super(message)
    this.reason = reason
  }
}
