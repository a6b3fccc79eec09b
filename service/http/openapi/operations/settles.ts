import type { ErrorCode } from '../../../errors.ts'
import { MOST_ITEMS } from '../../bodies/items.ts'
import { extendBody, FailBody, FulfilBody, ProgressBody } from '../../schemas/requests.ts'
import { ExtendAnswer, ExtendedAnswer, SettleAnswer, SettledAnswer } from '../../schemas/responses.ts'
import type { Schema } from '../../schemas/schema.ts'
import { INTENT_ID } from '../headers.ts'
import { EXAMPLE, type Fields, type Keywords, named, type Operation, type Terms } from '../operation.ts'
import { bodyOf, type Meanings } from '../wire.ts'

/** What a worker can say of a lease, by itself and as an item of many. */
type Report = {
  verb: string
  id: string
  name: string
  summary: string
  fields: Fields
  meanings: Meanings
  example: Keywords
  answer: Schema
  answers: Schema
  gives?: Keywords
  errors?: ErrorCode[]
  more?: Keywords
}

const LOST =
  'A lease that has run out, a token of an earlier attempt, or an intent that is settled already: 404.'

export function settleOperations(terms: Terms): Operation[] {
  const { leaseMs, maxResultBytes, maxDepth, requireClaimToken } = terms
  const reports: Report[] = [
    {
      verb: 'fulfill',
      id: 'fulfill',
      name: 'Fulfill',
      summary: 'Report that it is done',
      fields: FulfilBody,
      meanings: {
        result: `What came of it: up to ${maxResultBytes} bytes as compact JSON, ${maxDepth} levels deep. \`null\` is none.`,
        result_type: '`text`: the result is a text, and kept as such.',
      },
      example: { result: { width: 64 } },
      answer: SettleAnswer,
      answers: SettledAnswer,
      errors: ['invalid_result', 'invalid_result_type', 'result_too_large'],
      more: {
        if: { properties: { result_type: { const: 'text' } }, required: ['result_type'] },
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema; nobody awaits a schema
        then: { properties: { result: { type: ['string', 'null'], pattern: '^[^\\x00]*$' } } },
      },
    },
    {
      verb: 'fail',
      id: 'fail',
      name: 'Fail',
      summary: 'Report that it did not work',
      fields: FailBody,
      meanings: { error: 'Why it did not work; `unknown` when it is left out or empty.' },
      example: { error: 'no network' },
      answer: SettleAnswer,
      answers: SettledAnswer,
    },
    {
      verb: 'extend_claim',
      id: 'extendClaim',
      name: 'Extend',
      summary: 'Keep the lease for longer',
      fields: extendBody(leaseMs / 1000),
      meanings: {},
      example: { seconds: 120 },
      answer: ExtendAnswer,
      answers: ExtendedAnswer,
      gives: { extended_by: 120 },
    },
  ]
  const withToken = (body: ReturnType<typeof bodyOf>) => tokenIn(body, requireClaimToken)
  return [
    ...reports.flatMap(report => [single(report, withToken), many(report, withToken)]),
    {
      method: 'post',
      path: '/progress/:id',
      id: 'recordProgress',
      tag: 'Work',
      summary: 'Say how far it is, and keep the lease for longer if you like',
      description: LOST,
      access: 'key',
      reads: [ProgressBody],
      parameters: [INTENT_ID],
      body: {
        schema: named('ProgressBody', withToken(bodyOf(ProgressBody, PROGRESS_MEANINGS))),
        example: { claim_token: EXAMPLE.token, progress: 40, message: 'page 4 of 10', seconds: 120 },
      },
      answers: {
        200: { description: 'It is recorded.', schema: SettleAnswer, example: { ok: true, id: EXAMPLE.id } },
      },
      errors: ['not_found', 'invalid_payload'],
    },
  ]
}

const PROGRESS_MEANINGS: Meanings = {
  progress: 'How far it is, in percent.',
  message: 'For whoever looks at the status.',
  seconds: 'How long the lease is to last from now; else it stays as it is.',
}

type Body = ReturnType<typeof bodyOf>

const bodySchema = ({ name, fields, meanings, more }: Report, withToken: (body: Body) => Body): Keywords =>
  named(`${name}Body`, { ...withToken(bodyOf(fields, meanings)), ...more })

function single(report: Report, withToken: (body: Body) => Body): Operation {
  const { verb, id, summary, fields, example, answer, gives, errors = [] } = report
  return {
    method: 'post',
    path: `/${verb}/:id`,
    id,
    tag: 'Work',
    summary,
    description: LOST,
    access: 'key',
    reads: [fields],
    parameters: [INTENT_ID],
    body: {
      schema: bodySchema(report, withToken),
      example: { claim_token: EXAMPLE.token, ...example },
    },
    answers: {
      200: { description: 'It is on disk.', schema: answer, example: { ok: true, id: EXAMPLE.id, ...gives } },
    },
    errors: ['not_found', 'invalid_payload', ...errors],
  }
}

function many(report: Report, withToken: (body: Body) => Body): Operation {
  const { verb, id, name, summary, fields, example, answers, gives } = report
  const item = {
    allOf: [
      bodySchema(report, withToken),
      { type: 'object', properties: { id: INTENT_ID.schema }, required: ['id'] },
    ],
  }
  const items = {
    anyOf: [
      named(`${name}Item`, item),
      { type: 'object', description: 'Any other object is refused in its own place of the answer.' },
    ],
  }
  return {
    method: 'post',
    path: `/${verb}`,
    id: `${id}Batch`,
    tag: 'Work',
    summary: `${summary}, for up to ${MOST_ITEMS} leases`,
    description:
      'The answer is 200 even if some are refused: look at the `ok` of each. It counts as one request.',
    access: 'key',
    reads: [fields],
    body: {
      schema: named(`${name}BatchBody`, {
        type: 'object',
        properties: { items: { type: 'array', maxItems: MOST_ITEMS, items } },
        required: ['items'],
      }),
      example: { items: [{ id: EXAMPLE.id, claim_token: EXAMPLE.token, ...example }] },
    },
    answers: {
      200: {
        description: 'An answer for each, in order.',
        schema: answers,
        example: { items: [{ ok: true, id: EXAMPLE.id, ...gives }] },
      },
    },
    errors: ['invalid_payload'],
  }
}

/** Whether a token must be there is a setting, which the route looks at by itself; one that is sent is always a text. */
function tokenIn(body: Body, isRequired: boolean): Body {
  const token = {
    description: `The token that came with the claim.${isRequired ? '' : ' Left out: whoever holds the lease may do this.'}`,
    ...(isRequired ? { type: 'string', minLength: 1 } : { type: ['string', 'null'] }),
  }
  return {
    ...body,
    properties: { ...body.properties, claim_token: token },
    required: [...(isRequired ? ['claim_token'] : []), ...(body['required'] as string[])],
  }
}
