/** What several answers are made of. */
import { WIRE_STATES } from '../../intent/lifecycle.ts'
import { INTENT_ID } from './fields.ts'
import {
  exactly,
  integer,
  named,
  number,
  object,
  oneOf,
  optional,
  orNull,
  string,
  type TypeOf,
} from './schema.ts'

export const id = () => string({ pattern: INTENT_ID.source })
export const instant = () => number({ description: 'unix time in seconds, with a fraction' })
export const count = () => integer({ minimum: 0 })
const error = () => object({ code: string(), message: string() })

export const ErrorAnswer = named('ErrorAnswer', object({ error: error() }))

/** In the place of an item that was refused; the others are not touched by it. */
export const RefusedAnswer = named(
  'RefusedAnswer',
  object({ id: orNull(string()), ok: exactly(false), error: error() }),
)

/** What a cancel or a retry of an intent answers, whoever asks. */
export const MovedAnswer = named(
  'MovedAnswer',
  object({ ok: exactly(true), id: id(), status: oneOf(WIRE_STATES) }),
)

export const statusFields = {
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
const status = object(statusFields)
export type StatusFields = TypeOf<typeof status>

/** A worker that is not the publisher does without these two. */
export const ownFields = {
  publisher: optional(string({ description: 'how its key begins, and whose it is' })),
  worker_id: optional(orNull(string({ description: 'who has it, or had it last' }))),
}

export const listedFields = {
  ...statusFields,
  publisher: string(),
  worker_id: orNull(string()),
  max_attempts: integer(),
  backoff_base: number({ description: 'seconds' }),
  created_at: instant(),
  expires_at: instant(),
  claimed_at: orNull(instant()),
}
const listed = object(listedFields)
export type ListedIntent = TypeOf<typeof listed>

/** How many intents are in each state. */
export const depthFields = { open: integer(), claimed: integer(), fulfilled: integer(), dead: integer() }
