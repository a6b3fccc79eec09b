/**
 * The fields requests are made of, as JSON Schema with notes on how a value is brought into shape before it is checked
 * (`http/bodies/read.ts` does both). A schema describes the value **after** that: a field with a `default` is always there
 * then, and may be left out on the wire.
 *
 * | note | meaning |
 * |---|---|
 * | `x-clamped` | a number, brought into `minimum..maximum`, never refused |
 * | `x-trim` | white space at both ends is dropped |
 * | `x-cut` | what is longer is cut to that many characters |
 * | `x-empty` | an empty text is the same as leaving it out |
 * | `x-numeral` | a number, which the query of a URL has as text; checked strictly |
 * | `x-lenient` | what is not among the `enum` becomes the default |
 * | `x-number` | a number is taken as the text that was sent for it |
 * | `x-error` | the error code when the value does not fit; else `invalid_request` |
 * | `x-private` | the value stays out of messages |
 * | `x-opaque` | only compared with what was issued, never kept: NUL and lone surrogates are no reason to refuse it |
 * | `x-message` | what the error says, in the place of a message that names the field |
 * | `x-meaning` | what the field is for, for the OpenAPI document |
 * | `x-example` | an example of it, for the OpenAPI document |
 */
import type { ErrorCode } from '../../errors.ts'
import { anything, integer, number, object, optional, type Schema, string } from './schema.ts'

export type Notes = {
  'x-clamped'?: true
  'x-trim'?: true
  'x-cut'?: number
  'x-empty'?: true
  'x-numeral'?: true
  'x-number'?: true
  'x-lenient'?: true
  'x-error'?: ErrorCode
  'x-private'?: true
  'x-opaque'?: true
  'x-message'?: string
  'x-meaning'?: string
  'x-example'?: unknown
}

/** Says what a field is for in one call; its own description says what it takes. */
export const meaning = <S extends Schema>(text: string, field: S): S => ({ ...field, 'x-meaning': text })

type Range = { minimum: number; maximum: number; default: number; description: string }

export const wholeNumber = (range: Range) => integer({ ...range, 'x-clamped': true })
export const anyNumber = (range: Range) => number({ ...range, 'x-clamped': true })

/** A number in the query. What clients of 2.1 send is clamped; what came later is checked. */
export const wholeInQuery = (range: Omit<Range, 'default'>) =>
  optional(integer({ ...range, 'x-numeral': true }))
export const numberInQuery = (range: Omit<Range, 'default'>) =>
  optional(number({ ...range, 'x-numeral': true }))

const NAMESPACE = '^[A-Za-z0-9_.-]{1,64}$'
const NAMESPACE_TAKES = '1 to 64 of A-Z a-z 0-9 _ . -'
const LABEL = '^[A-Za-z0-9_.:-]{1,64}$'

/** JSON Schema counts characters as people do, so one "character" could be a kilobyte; a pattern counts code points. */
const chars = (least: number, most: number): string => `^[^\\x00]{${least},${most}}$`

/** The same for what has been trimmed, so that it says of itself that blanks alone are not enough. */
const trimmedChars = (most: number): string => `^[^\\s\\x00](?:[^\\x00]{0,${most - 2}}[^\\s\\x00])?$`

export const namespace = (notes: Notes = {}) =>
  string({
    pattern: NAMESPACE,
    default: 'default',
    description: NAMESPACE_TAKES,
    'x-number': true,
    'x-error': 'invalid_namespace',
    ...notes,
  })

/** Left out, it is all of them. */
export const anyNamespace = () =>
  optional(
    string({
      pattern: NAMESPACE,
      description: NAMESPACE_TAKES,
      'x-number': true,
      'x-error': 'invalid_namespace',
    }),
  )

export const label = (error: ErrorCode, notes: Notes = {}) =>
  optional(
    string({
      pattern: LABEL,
      description: '1 to 64 of A-Z a-z 0-9 _ . : -',
      'x-trim': true,
      'x-cut': 64,
      'x-empty': true,
      'x-error': error,
      ...notes,
    }),
  )

export const text = (least: number, most: number, notes: Notes & { default?: string } = {}) =>
  string({
    pattern: notes['x-trim'] && least === 1 ? trimmedChars(most) : chars(least, most),
    description: `a text of ${least} to ${most} characters`,
    ...notes,
  })

type AnyJson = Notes & { type?: readonly string[]; pattern?: string }
export const anyJson = (description: string, keywords: AnyJson = {}) => anything({ description, ...keywords })

/** Of a text where other JSON is taken as well. */
export const NO_NUL = '^[^\\x00]*$'

/**
 * Which claim is meant. Any text is taken: a token that could never have been issued is as lost as any other wrong one.
 *
 * @param isRequired else whoever holds the lease may do without
 */
export const claimToken = (isRequired: boolean) => {
  const notes = { 'x-private': true, 'x-opaque': true, 'x-message': 'Missing claim_token' }
  const token = 'The token that came with the claim.'
  return isRequired
    ? string({ minLength: 1, 'x-meaning': token, ...notes })
    : optional(
        string({
          'x-meaning': `${token} Left out: whoever holds the lease may do this.`,
          'x-empty': true,
          ...notes,
        }),
      )
}

export const INTENT_ID = /^[0-9a-f]{32}$/

/** What cannot be an id names no intent: 404, as for one that is gone. */
export const IntentParams = object({
  id: string({
    pattern: INTENT_ID.source,
    'x-meaning': 'The id of an intent. What cannot be one names none: 404.',
    'x-error': 'not_found',
    'x-message': 'Intent not found.',
  }),
})

/** How long a call may wait, in the query. */
export const wait = () =>
  numberInQuery({ minimum: 0, maximum: 60, description: 'a number of seconds from 0 to 60' })

/** @param most of a page */
export const limit = (most = 1000) =>
  wholeInQuery({ minimum: 1, maximum: most, description: `a whole number from 1 to ${most}` })

/** Of a list that is told in pages. @param what its entries are called by */
export const pageOf = (what: string) => ({
  limit: meaning('How many; 100 unless it is said.', limit()),
  before: meaning(
    'Those that are older.',
    optional(
      string({
        pattern: '^([0-9a-f]{32}|[1-9][0-9]{0,14})$',
        description: `the ${what}, or what the Link of the page before says`,
      }),
    ),
  ),
})

export const goalAsked = () =>
  meaning('With this goal.', optional(text(1, 256, { 'x-error': 'invalid_goal' })))
