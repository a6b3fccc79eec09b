/** What each call answers, for the OpenAPI document and for tests; hot answers are built as text (`http/answers/answers.ts`). */
import { CAUSES, WIRE_STATES } from '../../intent/lifecycle.ts'
import { SWEEP_COUNTS } from '../../store/outcomes.ts'
import { AUDIT_ACTIONS, CREDENTIALS } from '../../store/records.ts'
import {
  anything,
  boolean,
  either,
  exactly,
  integer,
  list,
  number,
  object,
  oneOf,
  optional,
  orNull,
  type Schema,
  string,
  type TypeOf,
} from './schema.ts'

const id = () => string({ pattern: '^[0-9a-f]{32}$' })
const instant = () => number({ description: 'unix time in seconds, with a fraction' })

const error = () => object({ code: string(), message: string() })
const count = () => integer({ minimum: 0 })

export const ErrorAnswer = object({ error: error() })

export const LiveAnswer = object({ ok: exactly(true) })
export const HealthAnswer = object({ ok: boolean(), ts: instant(), version: string() })
export const ReadyAnswer = object({
  ok: boolean(),
  reasons: list(string({ description: 'why it is not ready' })),
  warnings: list(string({ description: 'what does not keep it from being ready' })),
  maintenance: boolean({ description: 'no reason: admins still get in' }),
})

export const PublishAnswer = object({
  id: id(),
  status: exactly('published'),
  namespace: string(),
})
export const PublishedAnswer = object({ intents: list(PublishAnswer) })

export const ClaimAnswer = object({
  id: id(),
  claim_token: string(),
  namespace: string(),
  goal: string(),
  claim_attempts: integer({ description: 'which attempt this is, from 1' }),
  priority: integer(),
  target_worker: orNull(string()),
  required_capability: orNull(string()),
  claim_timeout: number({ description: 'seconds the lease lasts' }),
  payload: anything(),
})
export const ClaimsAnswer = object({ intents: list(ClaimAnswer) })

export const ExtendAnswer = object({ ok: exactly(true), id: id(), extended_by: integer() })
export const SettleAnswer = object({ ok: exactly(true), id: id() })

/** In the place of an item that was refused; the others are not touched by it. */
export const RefusedAnswer = object({ id: orNull(string()), ok: exactly(false), error: error() })
export const SettledAnswer = object({ items: list(either(SettleAnswer, RefusedAnswer)) })
export const ExtendedAnswer = object({ items: list(either(ExtendAnswer, RefusedAnswer)) })

const statusFields = {
  id: id(),
  namespace: string(),
  goal: string(),
  status: oneOf(WIRE_STATES),
  priority: integer(),
  visibility: oneOf(['private', 'public']),
  claim_attempts: integer(),
  run_at: instant(),
  claim_expires_at: orNull(instant()),
  target_worker: orNull(string()),
  required_capability: orNull(string()),
  completed_at: orNull(instant()),
  last_error: orNull(string()),
  progress: orNull(number({ description: 'in percent, as the worker reported it' })),
  progress_message: orNull(string()),
}
/** A worker that is not the publisher does without these two. */
const ownFields = {
  publisher: optional(string({ description: 'how its key begins, and whose it is' })),
  worker_id: optional(orNull(string({ description: 'who has it, or had it last' }))),
}
export const StatusAnswer = object({ ...statusFields, ...ownFields })
const fieldsForAll = object(statusFields)
export type StatusFields = TypeOf<typeof fieldsForAll>

export const ResultAnswer = object({
  ...statusFields,
  ...ownFields,
  result_type: oneOf(['json', 'text']),
  error: optional(string({ description: 'left out unless the last attempt failed' })),
  result: optional(anything({ description: 'left out unless it was fulfilled with one' })),
})

export const OkAnswer = object({ ok: exactly(true) })
export const ValueAnswer = object({ value: string() })

const keyFields = {
  key_id: integer(),
  owner: string(),
  note: string(),
  prefix: string({ description: 'the first characters of the key' }),
  created_at: instant(),
  last_used_at: orNull(number({ description: 'to five minutes; null: never' })),
  expires_at: orNull(number({ description: 'null: it does not expire' })),
  expired: boolean(),
  rate_limit: orNull(integer({ description: "requests in a window; null: the bus's own limit" })),
  open_limit: orNull(integer({ description: "open and claimed intents; null: the bus's own limit" })),
  replaced_by: orNull(integer({ description: 'the number of the key it was rotated to' })),
  stored_bytes: integer({ description: 'of the values and open payloads of the same keys' }),
  open_intents: integer({
    description: 'open and claimed intents of it and of the keys it was rotated from or to',
  }),
}
export const KeyDetailsAnswer = object(keyFields)
export type KeyDetailsAnswer = TypeOf<typeof KeyDetailsAnswer>
export const KeyAnswer = object({ api_key: string(), ...keyFields })
export const RotatedAnswer = object({ api_key: string(), ...keyFields, replaces: object(keyFields) })
export const RevokedAnswer = object({
  ok: exactly(true),
  revoked: boolean(),
  open_intents: optional(count()),
})
export const PurgedAnswer = object({ ok: exactly(true), deleted: count() })
export const CleanupAnswer = object({
  ok: exactly(true),
  ...(Object.fromEntries([...SWEEP_COUNTS, 'rate_limits_deleted'].map(name => [name, count()])) as Record<
    (typeof SWEEP_COUNTS)[number] | 'rate_limits_deleted',
    ReturnType<typeof count>
  >),
})
const adminFields = {
  ...statusFields,
  publisher: string(),
  worker_id: orNull(string()),
  max_attempts: integer(),
  backoff_base: number({ description: 'seconds' }),
  created_at: instant(),
  expires_at: instant(),
  claimed_at: orNull(instant()),
}
const listed = object(adminFields)
export type ListedIntent = TypeOf<typeof listed>
export const IntentsAnswer = list(listed)
export const IntentAnswer = object({
  ...adminFields,
  result_type: oneOf(['json', 'text']),
  payload: anything(),
  result: optional(anything()),
})
export const MovedAnswer = object({
  ok: exactly(true),
  id: id(),
  status: oneOf(WIRE_STATES),
})

const deadLetterFields = {
  intent_id: id(),
  namespace: string(),
  goal: string(),
  attempts: integer(),
  reason: string({ description: 'what ended it: mostly the error of its last attempt' }),
  created_at: instant(),
  last_error: orNull(string({ description: 'the error of its last attempt' })),
  cause: oneOf(CAUSES),
  worker_id: orNull(string({ description: 'who had it last' })),
}
export const DeadLettersAnswer = list(object(deadLetterFields))
export const DeadLetterAnswer = object({
  ...deadLetterFields,
  visibility: oneOf(['private', 'public']),
  publisher: string(),
  payload: anything(),
})

const moved = <const S extends string>(status: S) =>
  object({ ok: exactly(true), id: id(), status: exactly(status) })
export const RetryDeadAnswer = object({ items: list(either(moved('open'), RefusedAnswer)) })
export const DropDeadAnswer = object({ items: list(either(moved('dropped'), RefusedAnswer)) })

export const KeysAnswer = object({ keys: list(KeyDetailsAnswer) })

export const AuditAnswer = object({
  entries: list(
    object({
      sequence: integer(),
      at: instant(),
      action: oneOf(AUDIT_ACTIONS),
      subject: orNull(string({ description: 'the id of a key or an intent, or a namespace' })),
      detail: anything({ type: 'object', description: 'in the names of this API' }) as Schema<
        Readonly<Record<string, unknown>>
      >,
      credential: oneOf(CREDENTIALS, {
        description: 'the secret that let them in; api_key: a publisher, with an intent of its own',
      }),
      via: oneOf(['api', 'dashboard']),
      address: string(),
      request_id: string(),
    }),
  ),
})
export type AuditAnswer = TypeOf<typeof AuditAnswer>

const maintenanceFields = {
  on: boolean(),
  by: orNull(oneOf(['variable', 'switch'])),
  since: orNull(
    number({ description: 'unix time in seconds; null: since the start of the bus, or not at all' }),
  ),
  note: string(),
}
export const MaintenanceAnswer = object(maintenanceFields)
export type MaintenanceAnswer = TypeOf<typeof MaintenanceAnswer>

const depthFields = { open: integer(), claimed: integer(), fulfilled: integer(), dead: integer() }
export const OverviewAnswer = object({
  version: string(),
  now: instant(),
  started_at: instant(),
  uptime_seconds: number(),
  draining: boolean(),
  maintenance: MaintenanceAnswer,
  proxy_unknown: boolean({
    description: 'a request came with X-Forwarded-For, and BUS_TRUST_PROXY says that there is no proxy',
  }),
  short_secrets: list(string(), {
    description: 'settings whose secret is short enough to be guessed, such as DASHBOARD_PASSWORD',
  }),
  intents: object(depthFields),
  dead_letters: integer(),
  oldest_ready_age_seconds: orNull(number({ description: 'null: nothing is ready' })),
  waiting_claims: integer({ description: 'workers in a long poll' }),
  queued_operations: integer(),
  issued_keys: integer(),
  namespaces: list(object({ namespace: string(), ...depthFields })),
  namespace_count: integer({ description: 'namespaces is the busiest of them' }),
  goals: list(object({ namespace: string(), goal: string(), open: integer(), claimed: integer() }), {
    description: 'those with the most open and claimed intents',
  }),
  totals: object({
    published: integer(),
    claimed: integer(),
    fulfilled: integer(),
    failed: integer({ description: 'attempts that a worker reported as failed' }),
    lapsed: integer({ description: 'leases that ran out' }),
    dead: integer(),
  }),
})
export type OverviewAnswer = TypeOf<typeof OverviewAnswer>

const backupFields = {
  name: string(),
  bytes: integer(),
  encrypted: boolean(),
  taken_at: instant(),
}
export const BackupAnswer = object({
  ok: exactly(true),
  ...backupFields,
  sha256: string({ description: 'of the file, in hex' }),
  duration_seconds: number(),
  schema: integer(),
  intents: object(depthFields),
  issued_keys: integer(),
  values: integer(),
  uploaded: orNull({ ...boolean(), description: 'null: there is no bucket' }),
})
export type BackupAnswer = TypeOf<typeof BackupAnswer>
export const BackupRunningAnswer = object({ ok: exactly(true), running_since: instant() })
export const BackupsAnswer = object({
  backups: list(
    object({
      ...backupFields,
      age_seconds: number(),
      sha256: orNull(string({ description: 'null: there is none beside it' })),
    }),
  ),
  running_since: orNull(number({ description: 'unix time in seconds; null: none is being made' })),
  last_failure: orNull(object({ at: instant(), message: string() })),
})
export type BackupsAnswer = TypeOf<typeof BackupsAnswer>
