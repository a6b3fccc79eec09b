/** What is kept, as it is read, and what it is searched by. Times are bus time in ms. */
import type { Cause, State } from '../intent/lifecycle.ts'
import type { KeyId, Route } from '../intent/routing.ts'

export type ResultType = 'json' | 'text'

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

/** What the seal of a key binds together. */
export type SealedKey = Pick<KeyRecord, 'sealed' | 'hash' | 'identity'>

/** All but what opens it. */
export type KeyFacts = Omit<KeyRecord, 'hash' | 'sealed'>

/** How somebody got in who did something that is audited: as an admin, or as the publisher of an intent. */
export const CREDENTIALS = ['admin_token', 'password', 'api_key'] as const

/** What is known of whoever did something that is audited. */
export type Actor = {
  /** Which secret it was. */
  credential: (typeof CREDENTIALS)[number]
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

/** What an identity has in the store that counts against its limits. Bytes are those of UTF-8. */
export type KeyHolding = {
  /** Open and claimed intents. */
  unsettled: number
  /** Of the payloads of its open intents. */
  payloadBytes: number
  /** Of its values and their names. */
  valueBytes: number
}

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
  cause: Cause
  /** The text of what ended it: the error of its last `/fail`, or one of ours. */
  reason: string
  /** What `/status` shows. */
  lastError: string | null
  /** Who had it last, by its own name; `null`: nobody had it, or one without a name. */
  workerId: string | null
  createdAt: number
}

/** What is `null` does not matter. */
export type DeadLetterSearch = {
  namespace: string | null
  goal: string | null
  cause: Cause | null
  /** To the letter. */
  reason: string | null
  /** Only what died at this bus time (ms) or later. */
  since: number | null
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
  publisher: KeyId | null
  namespace: string | null
  goal: string | null
  states: readonly State[] | null
  /** Only ids that begin so; at least 12 hex digits, of which a millisecond has its own. Then there is one page. */
  idStart: string | null
  /** Only what was published before this: the id of an intent, or the `next` of an earlier page. */
  before: string | number | null
  limit: number
}

/** Newest first. Like a page of dead letters, it may be shorter than its limit and not be the last. */
export type IntentPage = { intents: Intent[]; next: number | null }

/** Work of one goal that is not done. */
export type GoalDepth = { namespace: string; goal: string; open: number; claimed: number }

/** Intents by state. */
export type Counts = { open: number; claimed: number; fulfilled: number; dead: number }
/** Those of one namespace. */
export type Depth = Counts & { namespace: string }
