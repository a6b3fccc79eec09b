/** What became of one intent: for its publisher and its worker, or for admins. */
import type { FastifyRequest } from 'fastify'
import { BusError } from '../../errors.ts'
import type { Intent } from '../../store/records.ts'
import { adminIntentText, ownStatusOf, resultText, statusOf } from '../answers/answers.ts'
import { witnessIfPossible } from '../answers/error-handler.ts'
import { type Caller, type KeyRing, lifeLeft, nameOfCaller, whyShut } from '../auth/keys.ts'
import { callerOf, takeNonce } from '../request.ts'
import { IntentParams, meaning, wait } from '../schemas/fields.ts'
import { anything, named, object, oneOf, optional, string, type TypeOf } from '../schemas/schema.ts'
import { listedFields, ownFields, statusFields } from '../schemas/shapes.ts'
import type { Terms } from './definition.ts'
import { type Endpoint, endpoint, textEndpoint } from './endpoint.ts'
import { LISTED, STATUS } from './examples.ts'
import type { Services } from './services.ts'

const WHO = 'For its publisher, whoever holds the lease or settled it, and the master key; others get 403.'

const ResultQuery = object({
  wait: meaning(
    'Answer as soon as the intent has ended, or with its present state when so long has gone by.',
    wait(),
  ),
})

const StatusAnswer = named('StatusAnswer', object({ ...statusFields, ...ownFields }))
const ResultAnswer = named(
  'ResultAnswer',
  object({
    ...statusFields,
    ...ownFields,
    result_type: oneOf(['json', 'text']),
    error: optional(string({ description: 'left out unless the last attempt failed' })),
    result: optional(anything({ description: 'left out unless it was fulfilled with one' })),
  }),
)
const IntentAnswer = named(
  'IntentAnswer',
  object({
    ...listedFields,
    result_type: oneOf(['json', 'text']),
    payload: anything(),
    result: optional(anything()),
  }),
)

/** What its publisher is told besides. */
const OWN = { publisher: 'tk_Xa3f… (camera in the barn)', worker_id: 'pi-1' }

export const resultEndpoints = (_terms: Terms): Endpoint[] => [
  endpoint({
    method: 'get',
    path: '/status/:id',
    id: 'getStatus',
    tag: 'Ask',
    summary: 'Ask what state an intent is in',
    description: WHO,
    access: 'key',
    // The nonce is kept only for whoever may read it.
    writes: true,
    params: IntentParams,
    answers: {
      200: { description: 'Its state.', schema: StatusAnswer, example: { ...STATUS, ...OWN } },
    },
    errors: ['not_found', 'forbidden'],
  }).handledBy(
    services =>
      async ({ request, params: { id } }) =>
        statusFor(callerOf(request), await readable(id, request, services), services.keys),
  ),

  textEndpoint({
    method: 'get',
    path: '/result/:id',
    id: 'getResult',
    tag: 'Ask',
    summary: 'Ask for the result of an intent, or wait for it',
    description: WHO,
    access: 'key',
    writes: true,
    query: ResultQuery,
    params: IntentParams,
    answers: {
      200: {
        description: 'Its state; `result` and `error` only when there is one.',
        schema: ResultAnswer,
        example: { ...STATUS, ...OWN, result_type: 'json', result: { width: 64 } },
      },
    },
    errors: ['not_found', 'forbidden', 'limit_exceeded'],
  }).handledBy(services => {
    const { broker, keys, longPolls } = services
    return async ({ request, reply, query: { wait }, params: { id } }) => {
      const look = () => readable(id, request, services)
      let intent = await look()
      if (wait && !hasEnded(intent)) {
        const poll = longPolls.hold(request, reply)
        const caller = callerOf(request)
        const waitMs = Math.min(wait * 1000, lifeLeft(caller, broker.now()))
        try {
          const ended = async () => hasEnded(await look())
          await broker.untilEnded(intent.id, caller.keyId, { waitMs, ...poll }, ended)
        } finally {
          poll.release()
        }
        const shut = whyShut(caller, broker.now())
        if (shut !== null) throw shut
        intent = await look()
      }
      const result = intent.state === 'fulfilled' ? await broker.store.result(intent.id) : null
      return resultText(intent, statusFor(callerOf(request), intent, keys), result)
    }
  }),
]

export const adminIntentEndpoints = (_terms: Terms): Endpoint[] => [
  textEndpoint({
    method: 'get',
    path: '/admin/intents/:id',
    id: 'getIntent',
    tag: 'Admin',
    summary: 'See all about one intent',
    access: 'admin',
    params: IntentParams,
    answers: {
      200: {
        description: 'Its state, payload, publisher, worker and result.',
        schema: IntentAnswer,
        example: {
          ...LISTED,
          result_type: 'json',
          payload: { file: 'cat.png' },
          result: { width: 64 },
        },
      },
    },
    errors: ['not_found'],
  }).handledBy(({ broker, keys }) => async ({ params: { id } }) => {
    const intent = await broker.store.intent(id)
    if (intent === null) throw new BusError('not_found', 'Intent not found.')
    const [payload, result] = await Promise.all([broker.store.payload(id), broker.store.result(id)])
    return adminIntentText(intent, keys.nameOf(intent.route.publisher), payload, result)
  }),
]

/** A worker is told what it was told at the claim; whoever published it, whose it is and who has it as well. */
function statusFor(caller: Caller, intent: Intent, keys: KeyRing): TypeOf<typeof StatusAnswer> {
  const { publisher } = intent.route
  if (publisher === caller.keyId) return ownStatusOf(intent, nameOfCaller(caller))
  if (caller.isMaster) return ownStatusOf(intent, keys.nameOf(publisher))
  return { ...statusOf(intent), publisher: undefined, worker_id: undefined }
}

async function readable(id: string, request: FastifyRequest, { broker }: Services): Promise<Intent> {
  const intent = await broker.store.intent(id)
  if (intent === null) throw new BusError('not_found', 'Intent not found.')
  if (!mayRead(callerOf(request), intent)) {
    throw new BusError('forbidden', 'Only the publisher and the claimer of an intent may read it.')
  }
  if (request.nonce !== null) await witnessIfPossible(broker, takeNonce(request))
  return intent
}

const hasEnded = ({ state }: Intent): boolean => state === 'fulfilled' || state === 'dead'

/** Whoever failed an attempt and gave the intent back has no more to do with it; the last claimer of a dead one has. */
function mayRead({ isMaster, keyId }: Caller, { route, claimer, state }: Intent): boolean {
  if (isMaster || route.publisher === keyId) return true
  return claimer === keyId && state !== 'ready' && state !== 'delayed'
}
