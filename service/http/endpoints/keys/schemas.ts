import { meaning, text } from '../../schemas/fields.ts'
import {
  boolean,
  exactly,
  integer,
  list,
  named,
  number,
  object,
  optional,
  orNull,
  string,
  type TypeOf,
} from '../../schemas/schema.ts'
import { count, instant } from '../../schemas/shapes.ts'

const LONGEST_KEY_LIFE_S = 315_360_000

const expiresIn = optional(
  integer({
    minimum: 0,
    maximum: LONGEST_KEY_LIFE_S,
    description: 'seconds from now, a whole number from 1 to ten years of them; 0: it does not expire',
  }),
)

/** `null` is the same as leaving it out, so 0 is what takes an end or a limit away. */
const keyTerms = {
  note: meaning('What else is to be remembered of it.', optional(text(0, 512, { 'x-trim': true }))),
  expires_in: meaning('When it ends.', expiresIn),
  rate_limit: meaning(
    'How often it may call.',
    optional(
      integer({
        minimum: 0,
        maximum: 1_000_000,
        description: "requests in a window, a whole number from 1 to 1000000; 0: the bus's own limit",
      }),
    ),
  ),
  open_limit: meaning(
    'How much it may leave to be done.',
    optional(
      integer({
        minimum: 0,
        maximum: 10_000_000,
        description: "open and claimed intents, a whole number from 1 to 10000000; 0: the bus's own limit",
      }),
    ),
  ),
}

const WHO = 'Who it is for.'

export const GenerateKeyBody = named(
  'GenerateKeyBody',
  object({
    owner: meaning(WHO, text(1, 128, { 'x-trim': true, 'x-number': true, default: 'anonymous' })),
    ...keyTerms,
  }),
)

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

export const RevokeKeyBody = named('RevokeKeyBody', object(keyNames))

export const ChangeKeyBody = named(
  'ChangeKeyBody',
  object({
    ...keyNames,
    owner: meaning(WHO, optional(text(1, 128, { 'x-trim': true, 'x-number': true }))),
    ...keyTerms,
  }),
)

export const RotateKeyBody = named(
  'RotateKeyBody',
  object({
    ...keyNames,
    overlap: meaning(
      'For how long both are good.',
      integer({
        minimum: 0,
        maximum: 31_536_000,
        default: 86_400,
        description: 'seconds for which the old key stays good, a whole number from 0 to 31536000',
      }),
    ),
    expires_in: meaning(
      'When the new one ends. Left out: it lives as long as the old one was made to.',
      expiresIn,
    ),
  }),
)

const isGiven = (name: string) => ({ properties: { [name]: { not: { type: 'null' } } }, required: [name] })
export const CHANGEABLE = ['owner', 'note', 'expires_in', 'rate_limit', 'open_limit']
export const SOMETHING = { anyOf: CHANGEABLE.map(isGiven) }
export const ONE_OF_THE_TWO = { oneOf: [isGiven('api_key'), isGiven('key_id')] }

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
  open_intents: integer({
    description: 'open and claimed intents of it and of the keys it was rotated from or to',
  }),
  stored_bytes: integer({ description: 'of the values and open payloads of the same keys' }),
}
export const KeyDetailsAnswer = named('KeyDetailsAnswer', object(keyFields))
export type KeyDetails = TypeOf<typeof KeyDetailsAnswer>
export const KeysAnswer = named('KeysAnswer', object({ keys: list(KeyDetailsAnswer) }))
export const KeyAnswer = named('KeyAnswer', object({ api_key: string(), ...keyFields }))
export const RotatedAnswer = named(
  'RotatedAnswer',
  object({ api_key: string(), ...keyFields, replaces: object(keyFields) }),
)
export const RevokedAnswer = named(
  'RevokedAnswer',
  object({ ok: exactly(true), revoked: boolean(), open_intents: optional(count()) }),
)
