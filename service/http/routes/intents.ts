import type { FastifyInstance } from 'fastify'
import { publishedText, sendJson } from '../answers.ts'
import { itemsOf, jsonBody } from '../body.ts'
import { inItem, MOST_ITEMS, oneOfFew } from '../items.ts'
import { idempotencyKeyOf, isVisibilityUnknown, publicationOf, VISIBILITY_UNKNOWN } from '../publication.ts'
import { callerOf, takeNonce } from '../request.ts'
import type { Parts } from './parts.ts'

const WRITES = { config: { access: 'key', writes: true, begins: true } } as const

export function intentRoutes(app: FastifyInstance, { broker, settings, limits }: Parts): void {
  app.post('/intent', WRITES, async (request, reply) => {
    // Clients of 2.1 may send an empty one: it is the same as none.
    const key = idempotencyKeyOf(request.headers['idempotency-key'] || null, 'Idempotency-Key')
    const body = jsonBody(request)
    const publication = publicationOf(body, key, callerOf(request), settings)
    const published = await broker.publish(publication, takeNonce(request))
    if (isVisibilityUnknown(body)) reply.header('x-intent-warning', VISIBILITY_UNKNOWN)
    return sendJson(reply.code(201), publishedText(published.id, published.namespace))
  })

  const batch = { ...WRITES, bodyLimit: settings.batchBodyLimitBytes, onRequest: oneOfFew }
  app.post('/intents', batch, async (request, reply) => {
    const items = itemsOf(jsonBody(request), 'intents', MOST_ITEMS)
    const caller = callerOf(request)
    await limits.countItems(request, reply, items.length)
    const publications = items.map((item, i) =>
      inItem('intents', i, () => {
        const key = idempotencyKeyOf(item.fields['idempotency_key'], 'idempotency_key')
        return publicationOf(item, key, caller, settings)
      }),
    )
    const published = await broker.publishAll(publications, takeNonce(request))
    const unknown = items.findIndex(isVisibilityUnknown)
    if (unknown !== -1) reply.header('x-intent-warning', `intents[${unknown}]: ${VISIBILITY_UNKNOWN}`)
    const answers = published.map(({ id, namespace }) => publishedText(id, namespace))
    return sendJson(reply.code(201), `{"intents":[${answers.join(',')}]}`)
  })
}
