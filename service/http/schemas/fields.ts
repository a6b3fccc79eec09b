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
 */
import type { ErrorCode } from '../../errors.ts'
import { anything, integer, number, optional, string } from './schema.ts'

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
}

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

/** Whatever is sent: a token that could never have been issued is as lost as any other wrong one. */
export const claimToken = () =>
  optional(anything({ description: 'the token that came with the claim', 'x-private': true }))
