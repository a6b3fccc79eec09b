import type { FastifyInstance, FastifyRequest } from 'fastify'
import { BusError } from '../../errors.ts'
import type { Intent } from '../../store/store.ts'
import { resultText, sendJson, statusOf } from '../answers.ts'
import type { Caller } from '../auth/keys.ts'
import { callerOf } from '../request.ts'
import { intentId } from './intent-id.ts'
import type { Parts } from './parts.ts'

type Id = { Params: { id: string } }
const READS = { config: { access: 'key' } } as const

export function resultRoutes(app: FastifyInstance, { broker }: Parts): void {
  app.get<Id>('/status/:id', READS, async (request, reply) =>
    sendJson(reply, JSON.stringify(statusOf(await readable(request)))),
  )

  app.get<Id>('/result/:id', READS, async (request, reply) => {
    const intent = await readable(request)
    const result = intent.state === 'fulfilled' ? await broker.store.result(intent.id) : null
    return sendJson(reply, resultText(intent, result))
  })

  async function readable(request: FastifyRequest<Id>): Promise<Intent> {
    const intent = await broker.store.intent(intentId(request))
    if (intent === null) throw new BusError('not_found', 'Intent not found.')
    if (!mayRead(callerOf(request), intent)) {
      throw new BusError('forbidden', 'Only the publisher and the claimer of an intent may read it.')
    }
    return intent
  }
}

/** Whoever failed an attempt and gave the intent back has no more to do with it; the last claimer of a dead one has. */
function mayRead({ isMaster, keyId }: Caller, { route, claimer, state }: Intent): boolean {
  if (isMaster || route.publisher === keyId) return true
  return claimer === keyId && state !== 'ready' && state !== 'delayed'
}
