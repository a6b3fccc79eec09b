import type { FastifyInstance } from 'fastify'
import { BusError } from '../../errors.ts'
import { adminIntentText, movedText, sendJson } from '../answers/answers.ts'
import { actorOf } from '../auth/actor.ts'
import { asSent, jsonBody } from '../bodies/body.ts'
import { reader } from '../bodies/read.ts'
import { knownFields } from '../json/known-fields.ts'
import { PurgeBody } from '../schemas/requests.ts'
import { intentId } from './intent-id.ts'
import type { Parts } from './parts.ts'

type Id = { Params: { id: string } }
const ADMIN = { config: { access: 'admin' } } as const

const readPurge = reader(PurgeBody)
const purgeFields = knownFields(PurgeBody)

export function adminRoutes(app: FastifyInstance, { broker, keys, limits }: Parts): void {
  app.post('/admin/purge', ADMIN, async (request, reply) => {
    const body = await jsonBody(request, purgeFields)
    const { fields } = body
    if (fields['confirm'] !== true) {
      throw new BusError('confirmation_required', 'A purge deletes for good: send "confirm": true.')
    }
    const namespace = readPurge(fields, asSent(body)).namespace ?? null
    const deleted = await broker.interventions.purge(namespace, actorOf(request))
    if (namespace === null) limits.clear()
    return sendJson(reply, JSON.stringify({ ok: true, deleted }))
  })

  app.post('/admin/cleanup', ADMIN, async (_request, reply) => {
    const counts = await broker.cleanup()
    return sendJson(reply, JSON.stringify({ ok: true, ...counts, rate_limits_deleted: limits.prune() }))
  })

  app.get<Id>('/admin/intents/:id', ADMIN, async (request, reply) => {
    const id = intentId(request)
    const intent = await broker.store.intent(id)
    if (intent === null) throw new BusError('not_found', 'Intent not found.')
    const [payload, result] = await Promise.all([broker.store.payload(id), broker.store.result(id)])
    return sendJson(reply, adminIntentText(intent, keys.nameOf(intent.route.publisher), payload, result))
  })

  app.post<Id>('/admin/intents/:id/cancel', ADMIN, async (request, reply) =>
    sendJson(reply, movedText(await broker.interventions.cancel(intentId(request), actorOf(request)))),
  )

  app.post<Id>('/admin/intents/:id/retry', ADMIN, async (request, reply) =>
    sendJson(reply, movedText(await broker.interventions.retry(intentId(request), actorOf(request)))),
  )
}
