import type { FastifyInstance } from 'fastify'
import { publishedText, sendJson } from '../answers/answers.ts'
import { jsonBody, jsonItems } from '../bodies/body.ts'
import { inItem, MOST_ITEMS, mostItemBytes, oneOfFew } from '../bodies/items.ts'
import {
  idempotencyKeyOf,
  isVisibilityUnknown,
  publicationOf,
  VISIBILITY_UNKNOWN,
} from '../bodies/publication.ts'
import { knownFields } from '../json/known-fields.ts'
import { callerOf, takeNonce } from '../request.ts'
import { PublishBody } from '../schemas/requests.ts'
import type { Parts } from './parts.ts'

const WRITES = { config: { access: 'key', writes: true, begins: true } } as const

export function intentRoutes(app: FastifyInstance, { broker, settings, limits }: Parts): void {
  const fields = knownFields(PublishBody, { also: ['idempotency_key'], jsonBytes: settings.maxPayloadBytes })

  app.post('/intent', WRITES, async (request, reply) => {
    // Clients of 2.1 may send an empty one: it is the same as none.
    const key = idempotencyKeyOf(request.headers['idempotency-key'] || null, 'Idempotency-Key')
    const body = await jsonBody(request, fields)
    const publication = await publicationOf(body, key, callerOf(request), settings)
    const published = await broker.publish(publication, takeNonce(request))
    if (isVisibilityUnknown(body)) reply.header('x-intent-warning', VISIBILITY_UNKNOWN)
    return sendJson(reply.code(201), publishedText(published.id, published.namespace))
  })

  const eachItem = { most: MOST_ITEMS, mostBytes: mostItemBytes(settings) }
  const batch = { ...WRITES, bodyLimit: settings.batchBodyLimitBytes, onRequest: oneOfFew(limits) }
  app.post('/intents', batch, async (request, reply) => {
    const items = await jsonItems(request, 'intents', eachItem)
    const caller = callerOf(request)
    await limits.countItems(request, reply, items.count)
    let unknown = -1
    const publications = await items.each(fields, (item, i) =>
      inItem('intents', i, () => {
        if (unknown === -1 && isVisibilityUnknown(item)) unknown = i
        const key = idempotencyKeyOf(item.fields['idempotency_key'], 'idempotency_key')
        return publicationOf(item, key, caller, settings)
      }),
    )
    const published = await broker.publishAll(publications, takeNonce(request))
    if (unknown !== -1) reply.header('x-intent-warning', `intents[${unknown}]: ${VISIBILITY_UNKNOWN}`)
    const answers = published.map(({ id, namespace }) => publishedText(id, namespace))
    return sendJson(reply.code(201), `{"intents":[${answers.join(',')}]}`)
  })
}
