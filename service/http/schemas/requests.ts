/** What each call takes. The one source for checking, for the types of the handlers, and for the OpenAPI document. */
import { CAUSES, OPEN_STATES, WIRE_STATES } from '../../intent/lifecycle.ts'
import { AUDIT_ACTIONS } from '../../store/records.ts'
import {
  anyJson,
  anyNamespace,
  anyNumber,
  claimToken,
  label,
  NO_NUL,
  namespace,
  numberInQuery,
  text,
  wholeInQuery,
  wholeNumber,
} from './fields.ts'
import { boolean, exactly, integer, list, number, object, oneOf, optional, string } from './schema.ts'

/** Ten years. Only keeps `run_at` a date. */
const LONGEST_DELAY_S = 315_360_000

export const PublishBody = object({
  goal: text(1, 256, { 'x-trim': true, 'x-number': true, 'x-error': 'invalid_goal' }),
  payload: anyJson('any JSON, null too', { 'x-error': 'invalid_payload' }),
  namespace: namespace(),
  visibility: oneOf(['private', 'public'], {
    default: 'private',
    'x-lenient': true,
    description: '`public`: workers of any key may take it. Anything unknown is private.',
  }),
  priority: wholeNumber({ minimum: 0, maximum: 1000, default: 100, description: 'higher goes first' }),
  delay: anyNumber({
    minimum: 0,
    maximum: LONGEST_DELAY_S,
    default: 0,
    description: 'seconds until it is due',
  }),
  max_attempts: wholeNumber({ minimum: 1, maximum: 20, default: 3, description: 'claims before it is dead' }),
  backoff_base: anyNumber({
    minimum: 1,
    maximum: 3600,
    default: 5,
    description: 'seconds; doubles with each attempt',
  }),
  target_worker: label('invalid_target_worker', { 'x-number': true }),
  required_capability: label('invalid_required_capability'),
})

const wait = () => numberInQuery({ minimum: 0, maximum: 60, description: 'a number of seconds from 0 to 60' })

export const ResultQuery = object({ wait: wait() })
export const BackupQuery = object({ wait: wait() })

/** `worker_id` and the capabilities also come as headers, which win. */
export const ClaimQuery = object({
  goal: optional(text(1, 256, { 'x-trim': true, 'x-empty': true, 'x-error': 'invalid_goal' })),
  namespace: namespace(),
  publisher: optional(
    string({
      description: "an API key: take only that key's intents. Your own, or any for the master key",
      'x-private': true,
      'x-empty': true,
    }),
  ),
  worker_id: optional(
    string({
      pattern: '^[A-Za-z0-9_.:-]{1,64}$',
      description: '1 to 64 of A-Z a-z 0-9 _ . : -',
      'x-trim': true,
      'x-cut': 64,
      'x-empty': true,
    }),
  ),
  capabilities: optional(
    string({
      pattern: '^(?:[A-Za-z0-9_.:-]+ *)?(?:, *(?:[A-Za-z0-9_.:-]+ *)?)*$',
      description: 'a comma list of A-Z a-z 0-9 _ . : -',
      'x-trim': true,
      'x-cut': 256,
      'x-empty': true,
    }),
  ),
  wait: wait(),
  max: wholeInQuery({ minimum: 1, maximum: 100, description: 'a whole number from 1 to 100' }),
  lease: wholeInQuery({
    minimum: 10,
    maximum: 3600,
    description: 'a whole number of seconds from 10 to 3600',
  }),
})

/** @param leaseSeconds how long a lease is when nothing else is asked for */
export const extendBody = (leaseSeconds: number) =>
  object({
    claim_token: claimToken(),
    seconds: wholeNumber({
      minimum: 10,
      maximum: 3600,
      default: leaseSeconds,
      description: 'length of the lease from now',
    }),
  })

export const FulfilBody = object({
  claim_token: claimToken(),
  result: optional(anyJson('any JSON, or a text when result_type is text')),
  result_type: oneOf(['json', 'text'], {
    default: 'json',
    description: 'json or text',
    'x-error': 'invalid_result_type',
  }),
})

export const FailBody = object({
  claim_token: claimToken(),
  error: optional(
    anyJson('a text of Unicode characters without NUL, or other JSON; cut at 500 characters', {
      pattern: NO_NUL,
    }),
  ),
})

export const ProgressBody = object({
  claim_token: claimToken(),
  progress: number({ minimum: 0, maximum: 100, description: 'a number from 0 to 100' }),
  message: optional(text(0, 500)),
  seconds: optional(
    integer({ minimum: 10, maximum: 3600, description: 'a whole number of seconds from 10 to 3600' }),
  ),
})

export const SetBody = object({
  value: anyJson('a text of Unicode characters without NUL, kept as it is, or other JSON, kept as its text', {
    type: ['string', 'number', 'boolean', 'object', 'array', 'null'],
    pattern: NO_NUL,
  }),
  ttl: wholeNumber({ minimum: 1, maximum: 86_400, default: 600, description: 'seconds' }),
})

export const KvParams = object({ key: text(1, 256) })

const LONGEST_KEY_LIFE_S = 315_360_000

/** `null` is the same as leaving it out, so 0 is what takes an end or a limit away. */
const keyTerms = {
  note: optional(text(0, 512, { 'x-trim': true })),
  expires_in: optional(
    integer({
      minimum: 0,
      maximum: LONGEST_KEY_LIFE_S,
      description: 'seconds from now, a whole number from 1 to ten years of them; 0: it does not expire',
    }),
  ),
  rate_limit: optional(
    integer({
      minimum: 0,
      maximum: 1_000_000,
      description: "requests in a window, a whole number from 1 to 1000000; 0: the bus's own limit",
    }),
  ),
  open_limit: optional(
    integer({
      minimum: 0,
      maximum: 10_000_000,
      description: "open and claimed intents, a whole number from 1 to 10000000; 0: the bus's own limit",
    }),
  ),
}

export const GenerateKeyBody = object({
  owner: text(1, 128, { 'x-trim': true, 'x-number': true, default: 'anonymous' }),
  ...keyTerms,
})

/** One of the two says which key is meant. */
const keyNames = {
  api_key: optional(string({ pattern: '^[^\\x00]+$', description: 'an API key', 'x-private': true })),
  key_id: optional(
    integer({
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'the key_id of an issued key, a whole number from 1 up',
    }),
  ),
}

export const RevokeKeyBody = object(keyNames)

export const ChangeKeyBody = object({
  ...keyNames,
  owner: optional(text(1, 128, { 'x-trim': true, 'x-number': true })),
  ...keyTerms,
})

export const RotateKeyBody = object({
  ...keyNames,
  overlap: integer({
    minimum: 0,
    maximum: 31_536_000,
    default: 86_400,
    description: 'seconds for which the old key stays good, a whole number from 0 to 31536000',
  }),
  expires_in: keyTerms.expires_in,
})

export const AuditQuery = object({
  after: wholeInQuery({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'the sequence of an entry, a whole number from 0 up',
  }),
  since: numberInQuery({
    minimum: 0,
    maximum: 1e11,
    description: 'unix time in seconds',
  }),
  action: optional(oneOf(AUDIT_ACTIONS, { description: `one of ${AUDIT_ACTIONS.join(', ')}` })),
  limit: wholeInQuery({ minimum: 1, maximum: 1000, description: 'a whole number from 1 to 1000' }),
})

export const MaintenanceBody = object({
  on: boolean({ description: 'true or false' }),
  note: optional(text(0, 512, { 'x-trim': true })),
})

/** Whether it is confirmed is looked at first: that refusal has a code of its own. */
export const PurgeBody = object({ confirm: exactly(true), namespace: anyNamespace() })

const goalAsked = () => optional(text(1, 256, { 'x-error': 'invalid_goal' }))
const pageOf = (what: string) => ({
  limit: wholeInQuery({ minimum: 1, maximum: 1000, description: 'a whole number from 1 to 1000' }),
  before: optional(
    string({
      pattern: '^([0-9a-f]{32}|[1-9][0-9]{0,14})$',
      description: `the ${what}, or what the Link of the page before says`,
    }),
  ),
})

export const IntentsQuery = object({
  namespace: anyNamespace(),
  goal: goalAsked(),
  status: optional(oneOf([...WIRE_STATES, ...OPEN_STATES])),
  id: optional(
    string({
      // Twelve are its time to the millisecond, in which there are few others.
      pattern: '^[0-9a-f]{12,32}$',
      description: 'the first 12 or more of the 32 hex digits of an id',
    }),
  ),
  ...pageOf('id of an intent'),
})

export const DeadLettersQuery = object({
  namespace: anyNamespace(),
  goal: goalAsked(),
  cause: optional(oneOf(CAUSES, { description: `one of ${CAUSES.join(', ')}` })),
  reason: optional(text(1, 500)),
  since: numberInQuery({ minimum: 0, maximum: 1e11, description: 'unix time in seconds' }),
  ...pageOf('intent id of a dead letter'),
})

/** The ids themselves are looked at one by one. */
export const DeadLetterIdsBody = object({
  ids: list(string(), {
    maxItems: 1000,
    description: 'a list of at most 1000 intent ids, which are texts',
  }),
})

export const BackupParams = object({
  name: string({
    pattern: '^bus-[0-9]{8}T[0-9]{6}Z(?:-[0-9]{1,2})?\\.db\\.zst(?:\\.age)?$',
    description: 'the name of a backup, as the list has it',
    'x-error': 'not_found',
  }),
})
