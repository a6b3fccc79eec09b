/** The three things a worker can say of a lease, by itself or as an item of many. */
import type { Report } from '../../../broker/verbs.ts'
import type { ErrorCode } from '../../../errors.ts'
import { failureText, resultOf } from '../../answers/outcome.ts'
import type { JsonObject } from '../../json/object.ts'
import { anyJson, claimToken, meaning, NO_NUL, wholeNumber } from '../../schemas/fields.ts'
import {
  either,
  exactly,
  integer,
  type Keywords,
  list,
  named,
  object,
  oneOf,
  optional,
  type Schema,
  type TypeOf,
} from '../../schemas/schema.ts'
import { id, RefusedAnswer } from '../../schemas/shapes.ts'
import type { Fields, Terms } from '../definition.ts'

export type Verb = {
  path: string
  id: string
  /** What its schemas are called by in the document: `FulfillBody`, `FulfillItem`, … */
  name: string
  summary: string
  fields: Fields
  jsonBytes?: number
  rules?: Keywords
  example: Keywords
  answer: Schema
  answers: Schema
  /** In the example of its answer, besides `ok` and `id`. */
  gives?: Keywords
  errors?: readonly ErrorCode[]
  /** @param sent the body or item as it was sent @throws {BusError} */
  report(id: string, keyId: number, fields: unknown, sent: JsonObject): Report
}

export const SettleAnswer = named('SettleAnswer', object({ ok: exactly(true), id: id() }))
const ExtendAnswer = named('ExtendAnswer', object({ ok: exactly(true), id: id(), extended_by: integer() }))
const SettledAnswer = named('SettledAnswer', object({ items: list(either(SettleAnswer, RefusedAnswer)) }))
const ExtendedAnswer = named('ExtendedAnswer', object({ items: list(either(ExtendAnswer, RefusedAnswer)) }))

function fulfil(terms: Terms): Verb {
  const { maxResultBytes, maxDepth, requireClaimToken } = terms
  const fields = named(
    'FulfillBody',
    object({
      claim_token: claimToken(requireClaimToken),
      result: meaning(
        `What came of it: up to ${maxResultBytes} bytes as compact JSON, ${maxDepth} levels deep. \`null\` is none.`,
        optional(anyJson('any JSON, or a text when result_type is text')),
      ),
      result_type: meaning(
        '`text`: the result is a text, and kept as such.',
        oneOf(['json', 'text'], {
          default: 'json',
          description: 'json or text',
          'x-error': 'invalid_result_type',
        }),
      ),
    }),
  )
  return {
    path: '/fulfill',
    id: 'fulfill',
    name: 'Fulfill',
    summary: 'Report that it is done',
    fields,
    jsonBytes: maxResultBytes,
    rules: {
      if: { properties: { result_type: { const: 'text' } }, required: ['result_type'] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema; nobody awaits a schema
      then: { properties: { result: { type: ['string', 'null'], pattern: NO_NUL } } },
    },
    example: { result: { width: 64 } },
    answer: SettleAnswer,
    answers: SettledAnswer,
    errors: ['invalid_result', 'invalid_result_type', 'result_too_large'],
    report(id, keyId, read, sent) {
      const { claim_token: token = null, result_type: resultType } = read as TypeOf<typeof fields>
      return { kind: 'fulfil', id, keyId, token, resultType, result: resultOf(sent, resultType, terms) }
    },
  }
}

function fail({ requireClaimToken }: Terms): Verb {
  const fields = named(
    'FailBody',
    object({
      error: meaning(
        'Why it did not work; `unknown` when it is left out or empty.',
        optional(
          anyJson('a text of Unicode characters without NUL, or other JSON; cut at 500 characters', {
            pattern: NO_NUL,
          }),
        ),
      ),
      claim_token: claimToken(requireClaimToken),
    }),
  )
  return {
    path: '/fail',
    id: 'fail',
    name: 'Fail',
    summary: 'Report that it did not work',
    fields,
    example: { error: 'no network' },
    answer: SettleAnswer,
    answers: SettledAnswer,
    report(id, keyId, read, sent) {
      const { claim_token: token = null } = read as TypeOf<typeof fields>
      return { kind: 'fail', id, keyId, token, error: failureText(sent) }
    },
  }
}

function extend({ leaseMs, requireClaimToken }: Terms): Verb {
  const fields = named(
    'ExtendBody',
    object({
      claim_token: claimToken(requireClaimToken),
      seconds: wholeNumber({
        minimum: 10,
        maximum: 3600,
        default: leaseMs / 1000,
        description: 'length of the lease from now',
      }),
    }),
  )
  return {
    path: '/extend_claim',
    id: 'extendClaim',
    name: 'Extend',
    summary: 'Keep the lease for longer',
    fields,
    example: { seconds: 120 },
    answer: ExtendAnswer,
    answers: ExtendedAnswer,
    gives: { extended_by: 120 },
    report(id, keyId, read) {
      const { claim_token: token = null, seconds } = read as TypeOf<typeof fields>
      return { kind: 'extend', id, keyId, token, leaseMs: seconds * 1000 }
    },
  }
}

export const verbsOf = (terms: Terms): Verb[] => [fulfil(terms), fail(terms), extend(terms)]
