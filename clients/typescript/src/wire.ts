/**
 * What goes over the wire, in the names of this language: `claim_attempts` there is `claimAttempts` here. Times are unix
 * seconds with a fraction, durations are seconds. The types come from the OpenAPI document of the bus.
 */
import type { components } from './openapi.ts'

export type Schemas = components['schemas']

/** What may be left out may be `undefined` as well. */
export type Given<Fields> = {
  [Name in keyof Fields]: Fields[Name] | (object extends Pick<Fields, Name> ? undefined : never)
}

/** `publisher` and `workerId` are left out for a worker that did not publish it, and by an older bus. */
export type Status = Given<Schemas['StatusAnswer']>
export type State = Status['status']
export type Visibility = Status['visibility']
export type ResultType = Schemas['ResultAnswer']['resultType']

export type PublishOptions = Given<Omit<Schemas['PublishBody'], 'goal' | 'payload'>> & {
  /** 1..255 visible ASCII characters. Default: a new one for each call, so that the client's own retries publish once. */
  idempotencyKey?: string | undefined
}

export type Published = Schemas['PublishAnswer']

export type ClaimOptions = Given<Omit<Schemas['ClaimQuery'], 'capabilities' | 'capability' | 'max'>> & {
  /** What the worker offers, for intents with a `requiredCapability`. */
  capabilities?: readonly string[] | undefined
  /** Hangs up: the bus then gives nothing out to this claim. */
  signal?: AbortSignal | undefined
}

/** What identifies a lease. A `Claim` is one. */
export type Lease = Pick<Schemas['ClaimAnswer'], 'id' | 'claimToken'> & {
  /** After a lost answer it tells one's own fulfilment from that of a later attempt. */
  claimAttempts?: number | undefined
}

export type Fulfilment = Lease & Omit<Schemas['FulfillBody'], 'claimToken'>
/** `error`: the bus takes any JSON, and keeps it as its text. */
export type Failure = Lease & { error?: string }

export type Claim<Payload = unknown> = Schemas['ClaimAnswer'] & { payload: Payload }

/** `ready` and `delayed` are the two kinds of `open`: due, and not due yet. An older bus ignores `id`. */
export type IntentFilter = Omit<Schemas['ListIntentsQuery'], 'limit' | 'before'>

/** An intent in a list: without its payload and result. */
export type ListedIntent = Schemas['IntentsAnswer'][number]

export type Moved =
  | Schemas['MovedAnswer']
  | Exclude<Schemas['DropDeadAnswer']['items'][number], { ok: false }>

export type Result<R = unknown> = Status &
  Omit<Schemas['ResultAnswer'], keyof Status | 'result'> & {
    /** Left out unless it is fulfilled with one. */
    result?: R
  }

/** An item that the bus refused, by the id that was sent. */
export type Refused = Schemas['RefusedAnswer'] & { id: string }

export type Settlement = Schemas['SettleAnswer'] | Refused
export type Extension = Schemas['ExtendAnswer'] | Refused

export type Health = Schemas['HealthAnswer']

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
