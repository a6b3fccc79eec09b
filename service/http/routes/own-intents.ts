import type { FastifyInstance } from 'fastify'
import { movedText, sendJson } from '../answers/answers.ts'
import { publisherActor } from '../auth/actor.ts'
import { openLimitOf } from '../auth/keys.ts'
import { callerOf, takeNonce } from '../request.ts'
import { intentId } from './intent-id.ts'
import type { Parts } from './parts.ts'

type Id = { Params: { id: string } }
const WRITES = { config: { access: 'key', writes: true } } as const

/** What a publisher may do with what it published. An admin may do the same with everybody's (`admin.ts`). */
export function ownIntentRoutes(app: FastifyInstance, { broker, settings }: Parts): void {
  app.post<Id>('/cancel/:id', WRITES, async (request, reply) => {
    const { keyId } = callerOf(request)
    const id = intentId(request)
    const moved = await broker.interventions.cancelOwn(id, keyId, takeNonce(request), publisherActor(request))
    return sendJson(reply, movedText(moved))
  })

  app.post<Id>('/retry/:id', WRITES, async (request, reply) => {
    const caller = callerOf(request)
    const id = intentId(request)
    const limit = openLimitOf(caller, settings)
    const by = publisherActor(request)
    const moved = await broker.interventions.retryOwn(id, caller.keyId, limit, takeNonce(request), by)
    return sendJson(reply, movedText(moved))
  })
}
