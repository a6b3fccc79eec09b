/**
 * What goes over the wire, in the names of this language: `claim_attempts` there is `claimAttempts` here. Times are unix
 * seconds with a fraction, durations are seconds. A test holds these types against the schemas the bus validates with.
 */

export type State = 'open' | 'claimed' | 'fulfilled' | 'dead'
export type Visibility = 'private' | 'public'
export type ResultType = 'json' | 'text'

export type PublishOptions = {
  /** `[A-Za-z0-9_.-]{1,64}`. Default `default`. */
  namespace?: string | undefined
  /** `public`: workers of any key may take it. Default `private`. */
  visibility?: Visibility | undefined
  /** 0..1000, higher goes first. Default 100. */
  priority?: number | undefined
  /** Seconds until it is due. Default 0. */
  delay?: number | undefined
  /** 1..20 claims before it is dead. Default 3. */
  maxAttempts?: number | undefined
  /** 1..3600 seconds, doubled with each attempt. Default 5. */
  backoffBase?: number | undefined
  /** Only the worker with this id takes it. */
  targetWorker?: string | undefined
  /** Only workers that offer this take it. */
  requiredCapability?: string | undefined
  /** 1..255 visible ASCII characters. Default: a new one for each call, so that the client's own retries publish once. */
  idempotencyKey?: string | undefined
}

export type Published = { id: string; status: 'published'; namespace: string }

export type ClaimOptions = {
  /** Any goal of the namespace, when left out. */
  goal?: string | undefined
  namespace?: string | undefined
  /** Seconds to wait for work, 0..60. Default 0. */
  wait?: number | undefined
  /** Seconds until it must be settled, 10..3600. Default: what the bus is set to, 60. */
  lease?: number | undefined
  workerId?: string | undefined
  /** What the worker offers, for intents with a `requiredCapability`. */
  capabilities?: readonly string[] | undefined
  /** An API key: only what it published. One's own, or any for the master key. */
  publisher?: string | undefined
  /** Hangs up: the bus then gives nothing out to this claim. */
  signal?: AbortSignal | undefined
}

/** What identifies a lease. A `Claim` is one. */
export type Lease = {
  id: string
  claimToken: string
  /** After a lost answer it tells one's own fulfilment from that of a later attempt. */
  claimAttempts?: number | undefined
}

export type Fulfilment = Lease & { result?: unknown; resultType?: 'json' | 'text' }
export type Failure = Lease & { error?: string }

export type Claim<Payload = unknown> = Lease & {
  namespace: string
  goal: string
  payload: Payload
  /** Which attempt this is, from 1. */
  claimAttempts: number
  priority: number
  targetWorker: string | null
  requiredCapability: string | null
  /** Seconds the lease lasts. */
  claimTimeout: number
}

export type Status = {
  id: string
  namespace: string
  goal: string
  status: State
  priority: number
  visibility: Visibility
  claimAttempts: number
  runAt: number
  claimExpiresAt: number | null
  targetWorker: string | null
  requiredCapability: string | null
  completedAt: number | null
  lastError: string | null
  /** 0..100, as the worker says. */
  progress: number | null
  progressMessage: string | null
  /** How the key that published it begins, and whose it is. Left out for a worker that did not publish it, and by an older bus. */
  publisher?: string | undefined
  /** Who has it, or had it last, by its own name. Left out as `publisher` is. */
  workerId?: string | null | undefined
}

/** `ready` and `delayed` are the two kinds of `open`: due, and not due yet. */
export type IntentFilter = {
  namespace?: string
  goal?: string
  status?: State | 'ready' | 'delayed'
  /** How its id begins: 12 or more hex digits. An older bus passes over it. */
  id?: string
}

/** An intent in a list: without its payload and result. */
export type ListedIntent = Status & {
  publisher: string
  workerId: string | null
  maxAttempts: number
  backoffBase: number
  createdAt: number
  expiresAt: number
  claimedAt: number | null
}

export type Moved = { ok: true; id: string; status: State | 'dropped' }

export type Result<R = unknown> = Status & {
  resultType: ResultType
  /** There when the intent is fulfilled with a result. */
  result?: R
  /** There when the last attempt failed. */
  error?: string
}

export type Settlement =
  | { ok: true; id: string }
  | { ok: false; id: string; error: { code: string; message: string } }
export type Extension =
  | { ok: true; id: string; extendedBy: number }
  | { ok: false; id: string; error: { code: string; message: string } }

export type Health = { ok: boolean; ts: number; version: string }

type CamelName<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelName<Tail>>}`
  : Name
export type Camel<Fields> = { [Name in keyof Fields as CamelName<Name & string>]: Fields[Name] }

/** Renames the fields of an answer, at the top only: payloads and results are the user's. */
export function camel<Fields extends object>(answer: Fields): Camel<Fields> {
  const renamed: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(answer)) {
    renamed[name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())] = value
  }
  return renamed as Camel<Fields>
}

/** The other way round, for what is sent. What is `undefined` is left out. */
export function snake(options: object): Record<string, unknown> {
  const renamed: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined) renamed[name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)] = value
  }
  return renamed
}
