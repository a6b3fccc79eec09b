/** Headers that many calls share: `components/headers`, and those a request may carry. */
import type { Parameter } from '../endpoints/definition.ts'
import type { Keywords } from '../schemas/schema.ts'

const header = (description: string, schema: Keywords, required = true) => ({ description, required, schema })

export const HEADERS = {
  'X-Request-ID': header('The one you sent, or a new one. It is in the log of the bus.', {
    type: 'string',
    pattern: '^[A-Za-z0-9_.:-]{1,128}$',
  }),
  'X-Intent-Version': header(
    '`2.1` for a client that sent a version 2, else `7.61`: both number this protocol.',
    {
      type: 'string',
      enum: ['2.1', '7.61'],
    },
  ),
  'Retry-After': header('Whole seconds until it is worth another try.', {
    type: 'integer',
    minimum: 1,
    maximum: 60,
  }),
  'X-RateLimit-Limit': header(
    'To issued keys: requests in a window.',
    { type: 'integer', minimum: 1 },
    false,
  ),
  'X-RateLimit-Remaining': header(
    'To issued keys: how many are left.',
    { type: 'integer', minimum: 0 },
    false,
  ),
  'X-RateLimit-Reset': header('To issued keys: seconds until the window ends.', { type: 'integer' }, false),
  'WWW-Authenticate': header('Asks for Basic credentials.', { type: 'string', pattern: '^Basic ' }),
  Link: header(
    'Where the next page is: `<…>; rel="next"`. Not there on the last one.',
    { type: 'string' },
    false,
  ),
  'X-Intent-Warning': header(
    'What the bus took in another way than the client may have meant it: a `visibility` that is neither `public` nor `private`.',
    { type: 'string' },
    false,
  ),
  Location: header('The dashboard, with a word about what was done.', { type: 'string' }),
} as const satisfies Record<string, Keywords>

export const ON_EVERY_ANSWER = ['X-Request-ID', 'X-Intent-Version']
export const RATE_LIMIT = ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset']

export const headersFor = (names: readonly string[]): Keywords =>
  Object.fromEntries(names.map(name => [name, { $ref: `#/components/headers/${name}` }]))

/** Every call takes these. */
export const PARAMETERS: Record<string, Parameter> = {
  RequestId: {
    name: 'X-Request-ID',
    in: 'header',
    description:
      'Comes back with the answer, if it is 1 to 128 of `A-Z a-z 0-9 _ . : -`; else a new one does.',
    schema: { type: 'string' },
  },
  IntentVersion: {
    name: 'X-Intent-Version',
    in: 'header',
    description:
      'The version of the protocol that you speak. Nothing depends on it but the same header of the answer.',
    schema: { type: 'string' },
  },
}
