import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ClaimTerms } from '../../broker/verbs.ts'
import { BusError } from '../../errors.ts'
import type { Ask, KeyId } from '../../intent/routing.ts'
import type { Claimed } from '../../store/outcomes.ts'
import { claimedText, sendJson } from '../answers/answers.ts'
import { type Caller, type KeyRing, lifeLeft } from '../auth/keys.ts'
import { refuseMisplaced } from '../bodies/claim-body.ts'
import { reader } from '../bodies/read.ts'
import { bytesOf } from '../bodies/receive.ts'
import { hasHungUp, onReset } from '../connections/hang-up.ts'
import { callerOf, takeNonce } from '../request.ts'
import { ClaimQuery } from '../schemas/requests.ts'
import type { Parts } from './parts.ts'

const readClaim = reader(ClaimQuery)

const WRITES = { config: { access: 'key', writes: true, begins: true } } as const

/** Shell workers wait this long before they ask again. The Python SDK means to, but takes its own interval. */
const EMPTY_RETRY_AFTER = '1'

export function claimRoutes(app: FastifyInstance, { broker, keys, longPolls }: Parts): void {
  app.post('/claim', WRITES, async (request, reply) => {
    const asked = withHeaders(request)
    const body = bytesOf(request)
    if (body.length > 0) refuseMisplaced(body, asked)
    const query = readClaim(asked)
    const caller = callerOf(request)
    const ask = askOf(query, caller, keys)
    const terms = { most: query.max ?? 1, leaseMs: query.lease === undefined ? null : query.lease * 1000 }
    // Nobody's intents: nothing to ask the store for.
    const claimed =
      ask === null
        ? await broker.witness(takeNonce(request)).then(() => [])
        : query.wait
          ? await waited(request, reply, ask, terms, query.wait * 1000)
          : await broker.claim(ask, terms, null, takeNonce(request))
    if (claimed.length === 0) return nothing(reply)
    if (query.max === undefined) return sendJson(reply, claimedText(claimed[0]!))
    return sendJson(reply, `{"intents":[${claimed.map(claimedText).join(',')}]}`)
  })

  async function waited(
    request: FastifyRequest,
    reply: FastifyReply,
    ask: Ask,
    terms: ClaimTerms,
    mostMs: number,
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
}

const nothing = (reply: FastifyReply): FastifyReply =>
  reply.code(204).header('retry-after', EMPTY_RETRY_AFTER).send()

/** @returns `null` when the claim names a publisher that does not exist */
function askOf(query: ReturnType<typeof readClaim>, caller: Caller, keys: KeyRing): Ask | null {
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
