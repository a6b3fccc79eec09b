import type { FastifyInstance, FastifyRequest } from 'fastify'
import { BusError } from '../../errors.ts'
import type { Intent } from '../../store/records.ts'
import { ownStatusOf, resultText, sendJson, statusOf } from '../answers/answers.ts'
import { witnessIfPossible } from '../answers/error-handler.ts'
import { type Caller, lifeLeft, nameOfCaller, whyShut } from '../auth/keys.ts'
import { reader } from '../bodies/read.ts'
import { callerOf, takeNonce } from '../request.ts'
import { ResultQuery } from '../schemas/requests.ts'
import type { StatusFields } from '../schemas/responses.ts'
import { intentId } from './intent-id.ts'
import type { Parts } from './parts.ts'

type Id = { Params: { id: string } }
/** The nonce is kept only for whoever may read it. */
const READS = { config: { access: 'key', writes: true } } as const

const readQuery = reader(ResultQuery)

export function resultRoutes(app: FastifyInstance, { broker, keys, longPolls }: Parts): void {
  app.get<Id>('/status/:id', READS, async (request, reply) =>
    sendJson(reply, JSON.stringify(statusFor(callerOf(request), await readable(request)))),
  )

  app.get<Id>('/result/:id', READS, async (request, reply) => {
    const { wait } = readQuery(request.query as Record<string, unknown>)
    let intent = await readable(request)
    if (wait && !hasEnded(intent)) {
      const poll = longPolls.hold(request, reply)
      const caller = callerOf(request)
      const waitMs = Math.min(wait * 1000, lifeLeft(caller, broker.now()))
      try {
        const look = async () => hasEnded(await readable(request))
        await broker.untilEnded(intent.id, caller.keyId, { waitMs, ...poll }, look)
      } finally {
        poll.release()
      }
      const shut = whyShut(caller, broker.now())
      if (shut !== null) throw shut
      intent = await readable(request)
    }
    const result = intent.state === 'fulfilled' ? await broker.store.result(intent.id) : null
    return sendJson(reply, resultText(intent, statusFor(callerOf(request), intent), result))
  })

  /** A worker is told what it was told at the claim; whoever published it, whose it is and who has it as well. */
  function statusFor(caller: Caller, intent: Intent): StatusFields {
    const { publisher } = intent.route
    if (publisher === caller.keyId) return ownStatusOf(intent, nameOfCaller(caller))
    return caller.isMaster ? ownStatusOf(intent, keys.nameOf(publisher)) : statusOf(intent)
  }

  async function readable(request: FastifyRequest<Id>): Promise<Intent> {
    const intent = await broker.store.intent(intentId(request))
    if (intent === null) throw new BusError('not_found', 'Intent not found.')
    if (!mayRead(callerOf(request), intent)) {
      throw new BusError('forbidden', 'Only the publisher and the claimer of an intent may read it.')
    }
    if (request.nonce !== null) await witnessIfPossible(broker, takeNonce(request))
    return intent
  }
}

const hasEnded = ({ state }: Intent): boolean => state === 'fulfilled' || state === 'dead'

/** Whoever failed an attempt and gave the intent back has no more to do with it; the last claimer of a dead one has. */
function mayRead({ isMaster, keyId }: Caller, { route, claimer, state }: Intent): boolean {
  if (isMaster || route.publisher === keyId) return true
  return claimer === keyId && state !== 'ready' && state !== 'delayed'
}
