import type { FastifyInstance, FastifyRequest } from 'fastify'
import { BusError } from '../../errors.ts'
import { sendJson } from '../answers/answers.ts'
import { jsonBody } from '../bodies/body.ts'
import { reader } from '../bodies/read.ts'
import { knownFields } from '../json/known-fields.ts'
import type { JsonObject } from '../json/object.ts'
import { compactText, flawOf } from '../json/text.ts'
import { callerOf, takeNonce } from '../request.ts'
import { KvParams, SetBody } from '../schemas/requests.ts'
import type { AppSettings } from '../settings.ts'
import type { Parts } from './parts.ts'

type Key = { Params: { key: string } }

const readParams = reader(KvParams)
const readSet = reader(SetBody)

/** The key-value store: small values with a time to live, each API key's own. */
export function valueRoutes(app: FastifyInstance, { broker, settings }: Parts): void {
  const setFields = knownFields(SetBody, { jsonBytes: settings.maxValueBytes })

  app.post<Key>(
    '/set/:key',
    { config: { access: 'key', writes: true, begins: true } },
    async (request, reply) => {
      const { key } = readParams(request.params)
      const body = await jsonBody(request, setFields)
      const { ttl } = readSet(body.fields)
      const value = valueText(body, settings)
      await broker.setValue(callerOf(request).keyId, key, value, ttl * 1000, takeNonce(request))
      return sendJson(reply, '{"ok":true}')
    },
  )

  app.get<Key>('/get/:key', { config: { access: 'key' } }, async (request: FastifyRequest<Key>, reply) => {
    const { key } = readParams(request.params)
    const value = await broker.store.value(callerOf(request).keyId, key, broker.now())
    if (value === null) throw new BusError('not_found', 'Key not found.')
    return sendJson(reply, JSON.stringify({ value }))
  })
}

function valueText(body: JsonObject, { maxValueBytes }: Pick<AppSettings, 'maxValueBytes'>): string {
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
