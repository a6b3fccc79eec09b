/** What an operator asks and is told, in the names of this language, as in `wire.ts`. */
import type { ListedIntent, ResultType, State, Visibility } from './wire.ts'

export type IssuedKey = {
  keyId: number
  owner: string
  note: string
  /** How the key begins. No answer shows it whole. */
  prefix: string
  createdAt: number
  /** To five minutes. `null`: never. */
  lastUsedAt: number | null
  /** `null`: it does not expire. */
  expiresAt: number | null
  expired: boolean
  /** Requests in a window. `null`: the limit of the bus. */
  rateLimit: number | null
  /** Open and claimed intents it may have. `null`: the limit of the bus. */
  openLimit: number | null
  /** The number of its successor, once it was rotated. */
  replacedBy: number | null
  /** Of its values and open payloads, in bytes; a key and its successors have the same. */
  storedBytes: number
  /** Intents that are open or claimed; a key and its successors have the same. */
  openIntents: number
}

/** What is left out is not set, or stays as it is. */
export type KeyTerms = {
  /** For people; up to 512 characters. */
  note?: string | undefined
  /** Seconds from now. 0: it does not expire. */
  expiresIn?: number | undefined
  /** Requests in a window. 0: the limit of the bus. */
  rateLimit?: number | undefined
  /** Open and claimed intents it may have. 0: the limit of the bus. */
  openLimit?: number | undefined
}

/** A key by its number, or by itself. */
export type WhichKey = { apiKey: string } | { keyId: number }

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

export type AuditEntry = {
  sequence: number
  at: number
  action: AuditAction
  /** The id of a key or an intent, or a namespace. */
  subject: string | null
  /** In the names of the wire. */
  detail: Readonly<Record<string, unknown>>
  /** Which secret let them in. `api_key`: a publisher, of its own intent. */
  credential: 'admin_token' | 'password' | 'api_key'
  via: 'api' | 'dashboard'
  address: string
  requestId: string
}

export type AuditFilter = {
  /** A sequence: what came after it. */
  after?: number | undefined
  /** Unix seconds: what was done from then on. */
  since?: number | undefined
  action?: AuditAction | undefined
}

/** `by`: the variable of the bus, which the switch cannot end, or the switch. */
export type Maintenance = {
  on: boolean
  by: 'variable' | 'switch' | null
  since: number | null
  note: string
}

export type DeadLetter = {
  intentId: string
  namespace: string
  goal: string
  attempts: number
  /** The text of what ended it: what its last attempt failed with, mostly. */
  reason: string
  createdAt: number
  /** What the last attempt failed with. A bus of an older version leaves it out of a list. */
  lastError: string | null
  /** Undefined on a bus of an older version. */
  cause: Cause
  /** Who had it last, by its own name. Undefined on a bus of an older version. */
  workerId: string | null
}

/** All attempts failed; nobody took it in time; somebody cancelled it. */
export type Cause = 'max_retries' | 'expired' | 'cancelled'

export type DeadLetterDetail = DeadLetter & {
  visibility: Visibility
  publisher: string
  payload: unknown
}

export type DeadLetterFilter = {
  namespace?: string
  goal?: string
  cause?: Cause
  /** To the letter. */
  reason?: string
  /** Unix seconds: what died from then on. */
  since?: number
}

export type IntentDetail = ListedIntent & {
  resultType: ResultType
  payload: unknown
  result?: unknown
}

/** How the bus is, as it is kept and not counted. */
export type Overview = {
  version: string
  now: number
  startedAt: number
  uptimeSeconds: number
  draining: boolean
  maintenance: Maintenance
  /** Somebody came by a proxy that the bus was not told of (or says so). */
  proxyUnknown: boolean
  /** Names of the settings whose secret is short enough to be guessed. */
  shortSecrets: string[]
  intents: Record<State, number>
  deadLetters: number
  /** `null`: nothing is ready. */
  oldestReadyAgeSeconds: number | null
  /** Workers in a long poll. */
  waitingClaims: number
  queuedOperations: number
  issuedKeys: number
  /** The busiest of them. */
  namespaces: ({ namespace: string } & Record<State, number>)[]
  namespaceCount: number
  /** Those with the most open and claimed intents. */
  goals: { namespace: string; goal: string; open: number; claimed: number }[]
  /** Since the start. */
  totals: Record<'published' | 'claimed' | 'fulfilled' | 'failed' | 'lapsed' | 'dead', number>
}

/** One that lies in the bus's directory. Times are unix seconds. */
export type Backup = {
  name: string
  bytes: number
  encrypted: boolean
  /** What was acknowledged before is in it. */
  takenAt: number
  /** Of the file, in hex; `null`: there is none beside it. */
  sha256: string | null
}

/** One that was made just now. */
export type NewBackup = Backup & {
  sha256: string
  durationSeconds: number
  schema: number
  intents: Record<State, number>
  issuedKeys: number
  values: number
  /** To the bucket; `null`: there is none. */
  uploaded: boolean | null
}

export type Backups = {
  backups: (Backup & { ageSeconds: number })[]
  /** `null`: none is under way. */
  runningSince: number | null
  lastFailure: { at: number; message: string } | null
}

export type Refused = { ok: false; id: string; error: { code: string; message: string } }
