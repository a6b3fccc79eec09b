import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ClaimTerms } from '../../broker/verbs.ts'
import { BusError } from '../../errors.ts'
import type { Ask, KeyId } from '../../intent/routing.ts'
import type { Claimed } from '../../store/outcomes.ts'
import { claimedText } from '../answers/answers.ts'
import { type Caller, type KeyRing, lifeLeft } from '../auth/keys.ts'
import { refuseMisplaced } from '../bodies/claim-body.ts'
import { bytesOf } from '../bodies/receive.ts'
import { hasHungUp, onReset } from '../connections/hang-up.ts'
import { callerOf, takeNonce } from '../request.ts'
import { meaning, namespace, text, wait, wholeInQuery } from '../schemas/fields.ts'
import {
  anything,
  either,
  integer,
  list,
  named,
  number,
  object,
  optional,
  orNull,
  string,
  type TypeOf,
} from '../schemas/schema.ts'
import { id } from '../schemas/shapes.ts'
import { type Alias, EXAMPLE, type Link, type Terms } from './definition.ts'
import { type Endpoint, SENT, textEndpoint } from './endpoint.ts'
import type { Services } from './services.ts'

/** Shell workers wait this long before they ask again. The Python SDK means to, but takes its own interval. */
const EMPTY_RETRY_AFTER = '1'

/** `worker_id` and the capabilities also come as headers, which win. */
const claimQuery = ({ leaseMs }: Terms) =>
  object({
    goal: meaning(
      'Only intents with this goal; else any.',
      optional(text(1, 256, { 'x-trim': true, 'x-empty': true, 'x-error': 'invalid_goal' })),
    ),
    namespace: meaning('Only intents of this namespace.', namespace()),
    publisher: optional(
      string({
        description: "an API key: take only that key's intents. Your own, or any for the master key",
        'x-private': true,
        'x-empty': true,
      }),
    ),
    worker_id: meaning(
      'Who asks, for intents with a `target_worker`. The header `X-Worker-ID` wins.',
      optional(
        string({
          pattern: '^[A-Za-z0-9_.:-]{1,64}$',
          description: '1 to 64 of A-Z a-z 0-9 _ . : -',
          'x-trim': true,
          'x-cut': 64,
          'x-empty': true,
        }),
      ),
    ),
    capabilities: meaning(
      'What the worker can do, for intents with a `required_capability`. Each is cut at 64 characters. The header `X-Worker-Capabilities` wins.',
      optional(
        string({
          pattern: '^(?:[A-Za-z0-9_.:-]+ *)?(?:, *(?:[A-Za-z0-9_.:-]+ *)?)*$',
          description: 'a comma list of A-Z a-z 0-9 _ . : -',
          'x-trim': true,
          'x-cut': 256,
          'x-empty': true,
        }),
      ),
    ),
    wait: meaning(
      'Wait so long for work, and answer as soon as there is some. Without it: answer at once.',
      wait(),
    ),
    max: meaning(
      'Take up to so many, without waiting for more. With it, even with 1, the answer is a list.',
      wholeInQuery({ minimum: 1, maximum: 100, description: 'a whole number from 1 to 100' }),
    ),
    lease: meaning(
      `How long until it must be settled; else ${leaseMs / 1000} seconds.`,
      wholeInQuery({
        minimum: 10,
        maximum: 3600,
        description: 'a whole number of seconds from 10 to 3600',
      }),
    ),
  })
type ClaimQuery = TypeOf<ReturnType<typeof claimQuery>>

const ClaimAnswer = named(
  'ClaimAnswer',
  object({
    id: id(),
    claim_token: string(),
    namespace: string(),
    goal: string(),
    claim_attempts: integer({ description: 'which attempt this is, from 1' }),
    priority: integer(),
    target_worker: orNull(string()),
    required_capability: orNull(string()),
    claim_timeout: number({ description: 'seconds the lease lasts' }),
    payload: anything(),
  }),
)
const ClaimsAnswer = named('ClaimsAnswer', object({ intents: list(ClaimAnswer) }))

const CLAIMED = {
  id: EXAMPLE.id,
  claim_token: EXAMPLE.token,
  namespace: 'default',
  goal: 'resize',
  claim_attempts: 1,
  priority: 200,
  target_worker: null,
  required_capability: null,
  claim_timeout: 60,
  payload: { file: 'cat.png' },
}

const report = (operationId: string, fields: object = {}): Link => ({
  operationId,
  parameters: { id: '$response.body#/id' },
  requestBody: { claim_token: '$response.body#/claim_token', ...fields },
})

const alias = (name: string, as: string, place: 'query' | 'header', description: string): Alias => ({
  name,
  as,
  in: place,
  description,
})

export const claimEndpoints = (terms: Terms): Endpoint[] => [
  textEndpoint({
    method: 'post',
    path: '/claim',
    id: 'claim',
    tag: 'Work',
    summary: 'Take work, or wait for it',
    description:
      'There is no body: one that names `goal`, `namespace`, `worker_id` or `capabilities` instead of the query is refused. What is taken is leased: it has to be settled with its `claim_token` before the lease runs out, else it goes to somebody else.',
    access: 'key',
    writes: true,
    begins: true,
    query: claimQuery(terms),
    queryFrom: asked,
    parameters: [
      alias('capability', 'capabilities', 'query', 'The same as `capabilities`, which wins.'),
      alias('X-Worker-ID', 'worker_id', 'header', 'Who asks. Wins over `worker_id`.'),
      alias('X-Worker-Capabilities', 'capabilities', 'header', 'Wins over `capabilities`.'),
      alias(
        'X-Worker-Capability',
        'capabilities',
        'header',
        'The same as `X-Worker-Capabilities`, which wins.',
      ),
    ],
    answers: {
      200: {
        description: 'One intent, or with `max` a list.',
        schema: either(ClaimAnswer, ClaimsAnswer),
        example: CLAIMED,
        links: {
          fulfill: report('fulfill', { result: 'done' }),
          fail: report('fail', { error: 'no network' }),
          extendClaim: report('extendClaim', { seconds: 60 }),
          recordProgress: report('recordProgress', { progress: 50 }),
        },
      },
      204: { description: 'There is nothing to take.', headers: ['Retry-After'] },
    },
    errors: ['invalid_goal', 'invalid_namespace', 'forbidden', 'draining'],
  }).handledBy(services => async ({ request, reply, query }) => {
    const { broker, keys } = services
    const ask = askOf(query, callerOf(request), keys)
    const terms = {
      most: query.max ?? 1,
      leaseMs: query.lease === undefined ? null : query.lease * 1000,
    }
    // Nobody's intents: nothing to ask the store for.
    const claimed =
      ask === null
        ? await broker.witness(takeNonce(request)).then(() => [])
        : query.wait
          ? await waited(request, reply, ask, terms, query.wait * 1000, services)
          : await broker.claim(ask, terms, null, takeNonce(request))
    if (claimed.length === 0) {
      reply.code(204).header('retry-after', EMPTY_RETRY_AFTER).send()
      return SENT
    }
    if (query.max === undefined) return claimedText(claimed[0]!)
    return `{"intents":[${claimed.map(claimedText).join(',')}]}`
  }),
]

async function waited(
  request: FastifyRequest,
  reply: FastifyReply,
  ask: Ask,
  terms: ClaimTerms,
  mostMs: number,
  { broker, longPolls }: Services,
): Promise<Claimed[]> {
  const poll = longPolls.hold(request, reply)
  const waitMs = Math.min(mostMs, lifeLeft(callerOf(request), broker.now()))
  try {
    const claimed = await broker.claim(ask, terms, { waitMs, ...poll }, takeNonce(request))
    if (claimed.length === 0) return claimed
    const isGone = await hasHungUp(reply)
    if (isGone) broker.giveBack(claimed)
    else onReset(reply, () => broker.giveBack(claimed))
    return isGone ? [] : claimed
  } finally {
    poll.release()
  }
}

/** @returns `null` when the claim names a publisher that does not exist */
function askOf(query: ClaimQuery, caller: Caller, keys: KeyRing): Ask | null {
  const publisher = query.publisher === undefined ? null : publisherOf(query.publisher, caller, keys)
  if (publisher === undefined) return null
  return {
    keyId: caller.keyId,
    namespace: query.namespace,
    goal: query.goal ?? null,
    publisher,
    workerId: query.worker_id ?? '',
    capabilities: capabilitiesOf(query.capabilities),
  }
}

/** @throws {BusError} when the body names what was meant for the query */
function asked(request: FastifyRequest): Record<string, unknown> {
  const fields = withHeaders(request)
  const body = bytesOf(request)
  if (body.length > 0) refuseMisplaced(body, fields)
  return fields
}

/** The query's first value of each name, and the headers that win over it. */
function withHeaders(request: FastifyRequest): Record<string, unknown> {
  const { headers } = request
  const fields: Record<string, unknown> = {}
  const query = request.query as Record<string, string | string[]>
  for (const name in query) {
    const value = query[name]
    fields[name] = Array.isArray(value) ? value[0] : value
  }
  fields['worker_id'] = headers['x-worker-id'] || fields['worker_id']
  fields['capabilities'] = wholeNames(
    headers['x-worker-capabilities'] ||
      headers['x-worker-capability'] ||
      fields['capabilities'] ||
      fields['capability'],
  )
  return fields
}

const LONGEST_LIST_CHARS = 256

/** A list that is too long ends before the name that would be cut in half: half a name is another name. */
function wholeNames(list: unknown): unknown {
  if (typeof list !== 'string' || list.length <= LONGEST_LIST_CHARS) return list
  const end = list.lastIndexOf(',', LONGEST_LIST_CHARS)
  return list.slice(0, end === -1 ? LONGEST_LIST_CHARS : end)
}

function publisherOf(apiKey: string, caller: Caller, keys: KeyRing): KeyId | undefined {
  const named = keys.find(apiKey)
  if (named?.keyId === caller.keyId) return caller.keyId
  if (!caller.isMaster) {
    throw new BusError('forbidden', 'You can only claim from your own key, or from all that you may see.')
  }
  return named?.keyId
}

function capabilitiesOf(list: string | undefined): string[] {
  if (list === undefined) return []
  const names = list.split(',').map(name => name.trim().slice(0, 64))
  return [...new Set(names.filter(name => name !== ''))]
}
