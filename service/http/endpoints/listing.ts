/** What there is, the newest first and a page at a time: to admins of all publishers, to a key what it published. */
import type { FastifyReply } from 'fastify'
import { BusError } from '../../errors.ts'
import { OPEN_STATES, WIRE_STATES } from '../../intent/lifecycle.ts'
import type { KeyId } from '../../intent/routing.ts'
import type { Intent } from '../../store/records.ts'
import { adminIntentOf } from '../answers/answers.ts'
import { linkNext, placeOf } from '../answers/paging.ts'
import { nameOfCaller } from '../auth/keys.ts'
import { callerOf } from '../request.ts'
import { anyNamespace, goalAsked, meaning, pageOf } from '../schemas/fields.ts'
import { list, named, object, oneOf, optional, string, type TypeOf } from '../schemas/schema.ts'
import { listedFields } from '../schemas/shapes.ts'
import type { Terms } from './definition.ts'
import { type Endpoint, endpoint } from './endpoint.ts'
import { LISTED } from './examples.ts'
import type { Services } from './services.ts'

const ALL = '/admin/intents'
const OWN = '/intents'
const SHOWN = 100

const IntentsQuery = object({
  namespace: meaning('Of this namespace.', anyNamespace()),
  goal: goalAsked(),
  status: meaning(
    'In this state. `open` is those that are `ready` for a worker, and those that are `delayed`.',
    optional(oneOf([...WIRE_STATES, ...OPEN_STATES])),
  ),
  id: meaning(
    'Whose id begins so. It goes without `before`: there is one page.',
    optional(
      string({
        // Twelve are its time to the millisecond, in which there are few others.
        pattern: '^[0-9a-f]{12,32}$',
        description: 'the first 12 or more of the 32 hex digits of an id',
      }),
    ),
  ),
  ...pageOf('id of an intent'),
})

const IntentsAnswer = named('IntentsAnswer', list(object(listedFields)))

const LIST = {
  method: 'get',
  description:
    'The 100 newest, or what is asked for, without their payloads and results. A page looks at a bounded number of intents: it may be short or empty and have a next one all the same.',
  query: IntentsQuery,
  answers: {
    200: { description: 'The newest first.', schema: IntentsAnswer, example: [LISTED], headers: ['Link'] },
  },
  errors: ['invalid_namespace', 'invalid_goal'],
} as const

export const ownListEndpoints = (_terms: Terms): Endpoint[] => [
  endpoint({
    ...LIST,
    path: OWN,
    id: 'listOwnIntents',
    tag: 'Ask',
    summary: 'List what this key published, a page at a time',
    access: 'key',
  }).handledBy(services => async ({ request, reply, query }) => {
    const caller = callerOf(request)
    const name = nameOfCaller(caller)
    const intents = await pageAt(OWN, caller.keyId, query, reply, services)
    return intents.map(intent => adminIntentOf(intent, name))
  }),
]

export const adminListEndpoints = (_terms: Terms): Endpoint[] => [
  endpoint({
    ...LIST,
    path: ALL,
    id: 'listIntents',
    tag: 'Admin',
    summary: 'See intents of all publishers, a page at a time',
    access: 'admin',
  }).handledBy(services => async ({ reply, query }) => {
    const intents = await pageAt(ALL, null, query, reply, services)
    return intents.map(intent => adminIntentOf(intent, services.keys.nameOf(intent.route.publisher)))
  }),
]

async function pageAt(
  path: string,
  publisher: KeyId | null,
  query: TypeOf<typeof IntentsQuery>,
  reply: FastifyReply,
  { broker }: Services,
): Promise<Intent[]> {
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
