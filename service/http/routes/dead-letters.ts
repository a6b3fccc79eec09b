import type { FastifyInstance, FastifyRequest } from 'fastify'
import { BusError } from '../../errors.ts'
import { type Cause, REASON } from '../../intent/lifecycle.ts'
import type { DeadLetterSearch } from '../../store/records.ts'
import { deadLetterOf, deadLetterText, movedText, refusedText, sendJson } from '../answers/answers.ts'
import { linkNext, placeOf } from '../answers/paging.ts'
import { actorOf } from '../auth/actor.ts'
import { jsonBody } from '../bodies/body.ts'
import { reader } from '../bodies/read.ts'
import { knownFields } from '../json/known-fields.ts'
import { DeadLetterIdsBody, DeadLettersQuery } from '../schemas/requests.ts'
import { intentId } from './intent-id.ts'
import type { Parts } from './parts.ts'

type Id = { Params: { id: string } }
const ADMIN = { config: { access: 'admin' } } as const

const PATH = '/admin/dead'
const SHOWN = 100

const readQuery = reader(DeadLettersQuery)
const readIds = reader(DeadLetterIdsBody)
const idsFields = knownFields(DeadLetterIdsBody)

/** What died, a page at a time, and what becomes of it: another try, or nothing at all. */
export function deadLetterRoutes(app: FastifyInstance, { broker, keys }: Parts): void {
  app.get(PATH, ADMIN, async (request, reply) => {
    const query = readQuery(request.query as Record<string, unknown>)
    const { namespace = null, goal = null, limit = SHOWN } = query
    const before = placeOf(query.before)
    const since = query.since === undefined ? null : Math.ceil(query.since * 1000)
    const page = await broker.store.deadLetters({
      namespace,
      goal,
      ...diedOf(query.cause ?? null, query.reason ?? null),
      since,
      before,
      limit,
    })
    if (page === null) {
      throw new BusError(
        'invalid_request',
        `before takes the intent id of a dead letter; ${before} is none, or none any more. Follow the Link of a page instead, or begin again.`,
      )
    }
    linkNext(reply, PATH, query, page.next)
    return sendJson(reply, JSON.stringify(page.letters.map(deadLetterOf)))
  })

  app.get<Id>(`${PATH}/:id`, ADMIN, async (request, reply) => {
    const id = intentId(request)
    const letter = await broker.store.deadLetter(id)
    if (letter === null) throw notDead()
    const payload = await broker.store.payload(id)
    return sendJson(reply, deadLetterText(letter, keys.nameOf(letter.route.publisher), payload))
  })

  app.post(`${PATH}/retry`, ADMIN, async (request, reply) => {
    const open = (id: string) => movedText({ id, state: 'ready' })
    return sendJson(
      reply,
      await forEach(request, ids => broker.interventions.retryDead(ids, actorOf(request)), open),
    )
  })

  app.post(`${PATH}/drop`, ADMIN, async (request, reply) => {
    const dropped = (id: string) => `{"ok":true,"id":"${id}","status":"dropped"}`
    return sendJson(
      reply,
      await forEach(request, ids => broker.interventions.dropDead(ids, actorOf(request)), dropped),
    )
  })
}

/**
 * These two texts were the reason of every letter of their cause, before a reason was what the last attempt failed with:
 * who still filters by them means the cause.
 */
const CAUSE_BY_REASON: Readonly<Record<string, Cause>> = {
  [REASON.maxRetries]: 'max_retries',
  [REASON.expired]: 'expired',
}

function diedOf(cause: Cause | null, reason: string | null): Pick<DeadLetterSearch, 'cause' | 'reason'> {
  const meant = cause === null && reason !== null ? CAUSE_BY_REASON[reason] : undefined
  return meant === undefined ? { cause, reason } : { cause: meant, reason: null }
}

/** @returns an answer per id that was sent, in order */
async function forEach(
  request: FastifyRequest,
  move: (ids: string[]) => Promise<boolean[]>,
  moved: (id: string) => string,
): Promise<string> {
  const { ids } = readIds((await jsonBody(request, idsFields)).fields)
  const found = await move(ids)
  const items = ids.map((id, i) => (found[i] ? moved(id) : refusedText(id, notDead())))
  return `{"items":[${items.join(',')}]}`
}

const notDead = (): BusError => new BusError('not_found', 'Dead letter not found.')
