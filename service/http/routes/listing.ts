import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { BusError } from '../../errors.ts'
import { OPEN_STATES } from '../../intent/lifecycle.ts'
import type { KeyId } from '../../intent/routing.ts'
import type { Intent } from '../../store/records.ts'
import { adminIntentOf, sendJson } from '../answers/answers.ts'
import { linkNext, placeOf } from '../answers/paging.ts'
import { nameOfCaller } from '../auth/keys.ts'
import { reader } from '../bodies/read.ts'
import { callerOf } from '../request.ts'
import { IntentsQuery } from '../schemas/requests.ts'
import type { Parts } from './parts.ts'

const ALL = '/admin/intents'
const OWN = '/intents'
const SHOWN = 100

const readQuery = reader(IntentsQuery)

/** What there is, the newest first and a page at a time: to admins of all publishers, to a key what it published. */
export function listingRoutes(app: FastifyInstance, { broker, keys }: Parts): void {
  app.get(ALL, { config: { access: 'admin' } }, async (request, reply) => {
    const intents = await pageOf(ALL, null, request, reply)
    return send(reply, intents, ({ route }) => keys.nameOf(route.publisher))
  })

  app.get(OWN, { config: { access: 'key' } }, async (request, reply) => {
    const caller = callerOf(request)
    const name = nameOfCaller(caller)
    return send(reply, await pageOf(OWN, caller.keyId, request, reply), () => name)
  })

  async function pageOf(
    path: string,
    publisher: KeyId | null,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Intent[]> {
    const query = readQuery(request.query as Record<string, unknown>)
    const { namespace = null, goal = null, status, id: idStart = null, limit = SHOWN } = query
    if (idStart !== null && query.before !== undefined)
      throw new BusError('invalid_request', 'id and before do not go together: with id there is one page.')
    const states = status === undefined ? null : status === 'open' ? OPEN_STATES : [status]
    const before = placeOf(query.before)
    const page = await broker.store.intents({ publisher, namespace, goal, states, idStart, before, limit })
    if (page === null) {
      throw new BusError(
        'invalid_request',
        `before takes the id of an intent; ${before} is none, or none any more. Follow the Link of a page instead, or begin again.`,
      )
    }
    linkNext(reply, path, query, page.next)
    return page.intents
  }
}

const send = (
  reply: FastifyReply,
  intents: Intent[],
  publisherOf: (intent: Intent) => string,
): FastifyReply =>
  sendJson(reply, JSON.stringify(intents.map(intent => adminIntentOf(intent, publisherOf(intent)))))
