/** What each call answers, for the OpenAPI document and for tests; hot answers are built as text (`http/answers.ts`). */
import { WIRE_STATES } from '../../intent/lifecycle.ts'
import {
  anything,
  boolean,
  exactly,
  integer,
  list,
  number,
  object,
  oneOf,
  optional,
  orNull,
  string,
  type TypeOf,
} from './schema.ts'

const id = () => string({ pattern: '^[0-9a-f]{32}$' })
const instant = () => number({ description: 'unix time in seconds, with a fraction' })

export const ErrorAnswer = object({
  error: object({ code: string(), message: string() }),
})

export const HealthAnswer = object({ ok: boolean(), ts: instant(), version: string() })
export const ReadyAnswer = object({ ok: boolean(), reasons: list(string()) })

export const PublishAnswer = object({
  id: id(),
  status: exactly('published'),
  namespace: string(),
})

export const ClaimAnswer = object({
  id: id(),
  claim_token: string(),
  namespace: string(),
  goal: string(),
  claim_attempts: integer(),
  priority: integer(),
  target_worker: orNull(string()),
  required_capability: orNull(string()),
  claim_timeout: number({ description: 'seconds the lease lasts' }),
  payload: anything(),
})

export const ExtendAnswer = object({ ok: exactly(true), id: id(), extended_by: integer() })
export const SettleAnswer = object({ ok: exactly(true), id: id() })

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
  progress: orNull(number()),
  progress_message: orNull(string()),
}
export const StatusAnswer = object(statusFields)
export type StatusAnswer = TypeOf<typeof StatusAnswer>

export const ResultAnswer = object({
  ...statusFields,
  result_type: oneOf(['json', 'text']),
  error: optional(string()),
  result: optional(anything()),
})

export const OkAnswer = object({ ok: exactly(true) })
export const ValueAnswer = object({ value: string() })
export const KeyAnswer = object({ api_key: string(), owner: string() })
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
  reason: string(),
  created_at: instant(),
}
export const DeadLettersAnswer = list(object(deadLetterFields))
export const DeadLetterAnswer = object({
  ...deadLetterFields,
  last_error: orNull(string()),
  visibility: oneOf(['private', 'public']),
  publisher: string(),
  payload: anything(),
})
