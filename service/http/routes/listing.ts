import type { FastifyInstance } from 'fastify'
import { BusError } from '../../errors.ts'
import { OPEN_STATES } from '../../intent/lifecycle.ts'
import { adminIntentOf, sendJson } from '../answers.ts'
import { linkNext, placeOf } from '../paging.ts'
import { reader } from '../read.ts'
import { IntentsQuery } from '../schemas/requests.ts'
import type { Parts } from './parts.ts'

const PATH = '/admin/intents'
const SHOWN = 100

const readQuery = reader(IntentsQuery)

/** What there is, whoever published it, the newest first and a page at a time. */
export function listingRoutes(app: FastifyInstance, { broker, keys }: Parts): void {
  app.get(PATH, { config: { access: 'admin' } }, async (request, reply) => {
    const query = readQuery(request.query as Record<string, unknown>)
    const { namespace = null, goal = null, status, limit = SHOWN } = query
    const states = status === undefined ? null : status === 'open' ? OPEN_STATES : [status]
    const before = placeOf(query.before)
    const page = await broker.store.intents({ namespace, goal, states, before, limit })
    if (page === null) {
      throw new BusError(
        'invalid_request',
        `before takes the id of an intent; ${before} is none, or none any more. Follow the Link of a page instead, or begin again.`,
      )
    }
    linkNext(reply, PATH, query, page.next)
    const listed = page.intents.map(intent => adminIntentOf(intent, keys.nameOf(intent.route.publisher)))
    return sendJson(reply, JSON.stringify(listed))
  })
}
