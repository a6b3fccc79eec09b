/** The key-value store: small values with a time to live, each API key's own. */
import { BusError } from '../../errors.ts'
import type { JsonObject } from '../json/object.ts'
import { compactText, flawOf } from '../json/text.ts'
import { callerOf, takeNonce } from '../request.ts'
import { anyJson, meaning, NO_NUL, text, wholeNumber } from '../schemas/fields.ts'
import { exactly, named, object, string } from '../schemas/schema.ts'
import type { Terms } from './definition.ts'
import { type Endpoint, endpoint } from './endpoint.ts'

const KvParams = object({
  key: text(1, 256, { 'x-meaning': 'The name of the value.', 'x-example': 'last-run' }),
})

const setBody = ({ maxValueBytes }: Terms) =>
  named(
    'SetBody',
    object({
      value: anyJson(
        'a text of Unicode characters without NUL, kept as it is, or other JSON, kept as its text',
        {
          type: ['string', 'number', 'boolean', 'object', 'array', 'null'],
          pattern: NO_NUL,
          'x-meaning': `Up to ${maxValueBytes} bytes.`,
        },
      ),
      ttl: meaning(
        'When it goes, from now.',
        wholeNumber({ minimum: 1, maximum: 86_400, default: 600, description: 'seconds' }),
      ),
    }),
  )

const OkAnswer = named('OkAnswer', object({ ok: exactly(true) }))
const ValueAnswer = named('ValueAnswer', object({ value: string() }))

export const valueEndpoints = (terms: Terms): Endpoint[] => [
  endpoint({
    method: 'post',
    path: '/set/:key',
    id: 'setValue',
    tag: 'Values',
    summary: 'Keep a value for a while',
    description: 'What was kept under this key is replaced.',
    access: 'key',
    writes: true,
    begins: true,
    params: KvParams,
    body: {
      fields: setBody(terms),
      jsonBytes: terms.maxValueBytes,
      example: { value: '2031-05-01', ttl: 86_400 },
    },
    answers: {
      200: {
        description: 'It is on disk.',
        schema: OkAnswer,
        example: { ok: true },
        links: { getValue: { operationId: 'getValue', parameters: { key: '$request.path.key' } } },
      },
    },
    errors: ['invalid_payload', 'limit_exceeded', 'draining'],
  }).handledBy(({ broker }) => async ({ request, params: { key }, body: { ttl }, sent }) => {
    const value = valueText(sent, terms)
    await broker.setValue(callerOf(request).keyId, key, value, ttl * 1000, takeNonce(request))
    return { ok: true }
  }),

  endpoint({
    method: 'get',
    path: '/get/:key',
    id: 'getValue',
    tag: 'Values',
    summary: 'Get a value',
    access: 'key',
    params: KvParams,
    answers: {
      200: { description: 'The value.', schema: ValueAnswer, example: { value: '2031-05-01' } },
    },
    errors: ['not_found'],
  }).handledBy(({ broker }) => async ({ request, params: { key } }) => {
    const value = await broker.store.value(callerOf(request).keyId, key, broker.now())
    if (value === null) throw new BusError('not_found', 'Key not found.')
    return { value }
  }),
]

function valueText(body: JsonObject, { maxValueBytes }: Terms): string {
  const sent = body.fields['value']
  const flaw = typeof sent === 'string' ? flawOf(sent) : null
  if (flaw !== null) throw new BusError('invalid_request', `value ${flaw}.`)
  const value = typeof sent === 'string' ? sent : compactText(body.sent('value'))
  const bytes = Buffer.byteLength(value)
  if (bytes > maxValueBytes) {
    throw new BusError('payload_too_large', `The value has ${bytes} bytes; ${maxValueBytes} are taken.`)
  }
  return value
}
