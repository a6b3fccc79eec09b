/** What workers say of their leases: one at a time (`/fulfill/<id>`), or many (`/fulfill`). */
import type { FastifyRequest } from 'fastify'
import type { Report } from '../../../broker/verbs.ts'
import { BusError } from '../../../errors.ts'
import { refusedText, settledText } from '../../answers/answers.ts'
import type { JsonItems } from '../../bodies/body.ts'
import { MOST_ITEMS } from '../../bodies/items.ts'
import type { JsonObject } from '../../json/object.ts'
import { callerOf, takeNonce } from '../../request.ts'
import { claimToken, INTENT_ID, IntentParams, meaning, text } from '../../schemas/fields.ts'
import { integer, named, number, object, optional } from '../../schemas/schema.ts'
import { EXAMPLE, type Terms } from '../definition.ts'
import { type Endpoint, textEndpoint } from '../endpoint.ts'
import { idOf } from '../intent-id.ts'
import type { Services } from '../services.ts'
import { SettleAnswer, type Verb, verbsOf } from './verbs.ts'

const LOST =
  'A lease that has run out, a token of an earlier attempt, or an intent that is settled already: 404.'

export const settleEndpoints = (terms: Terms): Endpoint[] => [
  ...verbsOf(terms).flatMap(verb => [single(verb), many(verb)]),
  progress(terms),
]

function single(verb: Verb): Endpoint {
  const { path, id, summary, fields, jsonBytes = 0, rules = {}, example, answer, gives } = verb
  return textEndpoint({
    method: 'post',
    path: `${path}/:id`,
    id,
    tag: 'Work',
    summary,
    description: LOST,
    access: 'key',
    writes: true,
    params: IntentParams,
    body: {
      fields,
      also: ['id'],
      jsonBytes,
      rules,
      example: { claim_token: EXAMPLE.token, ...example },
    },
    answers: {
      200: {
        description: 'It is on disk.',
        schema: answer,
        example: { ok: true, id: EXAMPLE.id, ...gives },
      },
    },
    errors: ['not_found', 'invalid_payload', ...(verb.errors ?? [])],
  }).handledBy(({ broker }) => async ({ request, params: { id }, body, sent }) => {
    const report = verb.report(id, callerOf(request).keyId, body, sent)
    await broker.settle(report, takeNonce(request))
    return settledText(report)
  })
}

function many(verb: Verb): Endpoint {
  const { path, id, name, summary, fields, jsonBytes = 0, rules = {}, example, answers, gives } = verb
  return textEndpoint({
    method: 'post',
    path,
    id: `${id}Batch`,
    tag: 'Work',
    summary: `${summary}, for up to ${MOST_ITEMS} leases`,
    description:
      'The answer is 200 even if some are refused: look at the `ok` of each. It counts as one request.',
    access: 'key',
    writes: true,
    items: {
      list: 'items',
      fields,
      jsonBytes,
      rules,
      itemFields: { properties: { id: { type: 'string', pattern: INTENT_ID.source } }, required: ['id'] },
      name: `${name}BatchBody`,
      itemName: `${name}Item`,
      eachByItself: true,
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
  }).handledBy(services => async ({ request, items, readItem }) => {
    const texts = await settleEach(verb, request, items, readItem, services)
    return `{"items":[${texts.join(',')}]}`
  })
}

/** @returns an answer per item, in order */
async function settleEach(
  verb: Verb,
  request: FastifyRequest,
  items: JsonItems,
  readItem: (item: JsonObject) => unknown,
  { broker }: Services,
): Promise<string[]> {
  const { keyId } = callerOf(request)
  const ids: unknown[] = []
  const read = await items.each(item => {
    const id = item.fields['id']
    ids.push(id)
    return attempt(() => verb.report(idOf(id), keyId, readItem(item), item))
  })
  const reports = read.filter((each): each is Report => !(each instanceof BusError))
  const errors = await broker.settleAll(reports, takeNonce(request))
  let next = 0
  return read.map((each, i) => {
    const error = each instanceof BusError ? each : errors[next++]!
    return error === null ? settledText(each as Report) : refusedText(ids[i], error)
  })
}

function attempt<T>(read: () => T): T | BusError {
  try {
    return read()
  } catch (error) {
    if (error instanceof BusError) return error
    throw error
  }
}

const progress = ({ requireClaimToken }: Terms): Endpoint =>
  textEndpoint({
    method: 'post',
    path: '/progress/:id',
    id: 'recordProgress',
    tag: 'Work',
    summary: 'Say how far it is, and keep the lease for longer if you like',
    description: LOST,
    access: 'key',
    writes: true,
    params: IntentParams,
    body: {
      fields: named(
        'ProgressBody',
        object({
          progress: meaning(
            'How far it is, in percent.',
            number({ minimum: 0, maximum: 100, description: 'a number from 0 to 100' }),
          ),
          message: meaning('For whoever looks at the status.', optional(text(0, 500))),
          seconds: meaning(
            'How long the lease is to last from now; else it stays as it is.',
            optional(
              integer({
                minimum: 10,
                maximum: 3600,
                description: 'a whole number of seconds from 10 to 3600',
              }),
            ),
          ),
          claim_token: claimToken(requireClaimToken),
        }),
      ),
      example: { claim_token: EXAMPLE.token, progress: 40, message: 'page 4 of 10', seconds: 120 },
    },
    answers: {
      200: { description: 'It is recorded.', schema: SettleAnswer, example: { ok: true, id: EXAMPLE.id } },
    },
    errors: ['not_found', 'invalid_payload'],
  }).handledBy(({ broker }) => async ({ request, params: { id }, body }) => {
    const { claim_token: token = null, progress, message = null, seconds } = body
    const hold = { id, keyId: callerOf(request).keyId, token }
    const leaseMs = seconds === undefined ? null : seconds * 1000
    await broker.progress(hold, { progress, message }, leaseMs, takeNonce(request))
    return `{"ok":true,"id":"${id}"}`
  })
