import { BusError } from '../../errors.ts'
import { CAUSES, type Cause, REASON } from '../../intent/lifecycle.ts'
import type { DeadLetterSearch } from '../../store/records.ts'
import { deadLetterOf, deadLetterText, movedText, refusedText } from '../answers/answers.ts'
import { linkNext, placeOf } from '../answers/paging.ts'
import { actorOf } from '../auth/actor.ts'
import {
  anyNamespace,
  goalAsked,
  IntentParams,
  meaning,
  numberInQuery,
  pageOf,
  text,
} from '../schemas/fields.ts'
import {
  anything,
  either,
  exactly,
  integer,
  list,
  named,
  object,
  oneOf,
  optional,
  orNull,
  string,
} from '../schemas/schema.ts'
import { id, instant, RefusedAnswer } from '../schemas/shapes.ts'
import { EXAMPLE, type Terms } from './definition.ts'
import { type Endpoint, endpoint, textEndpoint } from './endpoint.ts'

const PATH = '/admin/dead'
const SHOWN = 100

const DeadLettersQuery = object({
  namespace: meaning('Of this namespace.', anyNamespace()),
  goal: goalAsked(),
  cause: meaning(
    'That died of this: all attempts failed, nobody took it in time, or somebody cancelled it.',
    optional(oneOf(CAUSES, { description: `one of ${CAUSES.join(', ')}` })),
  ),
  reason: meaning(
    'With exactly this reason: what the last attempt failed with, mostly. `Max retries exceeded` and `expired` mean the causes.',
    optional(text(1, 500)),
  ),
  since: meaning(
    'That died then or later.',
    numberInQuery({ minimum: 0, maximum: 1e11, description: 'unix time in seconds' }),
  ),
  ...pageOf('intent id of a dead letter'),
})

/** The ids themselves are looked at one by one. */
const DeadLetterIdsBody = named(
  'DeadLetterIdsBody',
  object({
    ids: list(string(), {
      maxItems: 1000,
      description: 'a list of at most 1000 intent ids, which are texts',
    }),
  }),
)
const IDS = { fields: DeadLetterIdsBody, example: { ids: [EXAMPLE.id] } } as const

const deadLetterFields = {
  intent_id: id(),
  namespace: string(),
  goal: string(),
  attempts: integer(),
  reason: string({ description: 'what ended it: mostly the error of its last attempt' }),
  created_at: instant(),
  last_error: orNull(string({ description: 'the error of its last attempt' })),
  cause: oneOf(CAUSES),
  worker_id: orNull(string({ description: 'who had it last' })),
}
const DeadLettersAnswer = named('DeadLettersAnswer', list(object(deadLetterFields)))
const DeadLetterAnswer = named(
  'DeadLetterAnswer',
  object({
    ...deadLetterFields,
    visibility: oneOf(['private', 'public']),
    publisher: string(),
    payload: anything(),
  }),
)

const eachMoved = <const S extends string>(name: string, status: S) =>
  named(
    name,
    object({
      items: list(either(object({ ok: exactly(true), id: id(), status: exactly(status) }), RefusedAnswer)),
    }),
  )
const RetryDeadAnswer = eachMoved('RetryDeadAnswer', 'open')
const DropDeadAnswer = eachMoved('DropDeadAnswer', 'dropped')

const LETTER = {
  intent_id: EXAMPLE.id,
  namespace: 'default',
  goal: 'resize',
  attempts: 3,
  reason: 'no network',
  created_at: EXAMPLE.at,
  last_error: 'no network',
  cause: 'max_retries',
  worker_id: 'pi-1',
}

/** What died, a page at a time, and what becomes of it: another try, or nothing at all. */
export const deadLetterEndpoints = (_terms: Terms): Endpoint[] => [
  endpoint({
    method: 'get',
    path: PATH,
    id: 'listDeadLetters',
    tag: 'Admin',
    summary: 'See dead letters, a page at a time',
    description:
      'The 100 newest, or what is asked for. A page looks at a bounded number of letters: with a filter it may be short or empty and have a next one all the same.',
    access: 'admin',
    query: DeadLettersQuery,
    answers: {
      200: {
        description: 'The newest first.',
        schema: DeadLettersAnswer,
        example: [LETTER],
        headers: ['Link'],
      },
    },
    errors: ['invalid_namespace', 'invalid_goal'],
  }).handledBy(({ broker }) => async ({ reply, query }) => {
    const { namespace = null, goal = null, limit = SHOWN } = query
    const before = placeOf(query.before)
    const since = query.since === undefined ? null : Math.ceil(query.since * 1000)
    const died = diedOf(query.cause ?? null, query.reason ?? null)
    const page = await broker.store.deadLetters({ namespace, goal, ...died, since, before, limit })
    if (page === null) {
      throw new BusError(
        'invalid_request',
        `before takes the intent id of a dead letter; ${before} is none, or none any more. Follow the Link of a page instead, or begin again.`,
      )
    }
    linkNext(reply, PATH, query, page.next)
    return page.letters.map(deadLetterOf)
  }),

  textEndpoint({
    method: 'get',
    path: `${PATH}/:id`,
    id: 'getDeadLetter',
    tag: 'Admin',
    summary: 'See one dead letter with its payload',
    access: 'admin',
    params: IntentParams,
    answers: {
      200: {
        description: 'The dead letter.',
        schema: DeadLetterAnswer,
        example: {
          ...LETTER,
          visibility: 'private',
          publisher: 'camera in the barn',
          payload: { file: 'cat.png' },
        },
      },
    },
    errors: ['not_found'],
  }).handledBy(({ broker, keys }) => async ({ params: { id } }) => {
    const letter = await broker.store.deadLetter(id)
    if (letter === null) throw notDead()
    const payload = await broker.store.payload(id)
    return deadLetterText(letter, keys.nameOf(letter.route.publisher), payload)
  }),

  textEndpoint({
    method: 'post',
    path: `${PATH}/retry`,
    id: 'retryDeadLetters',
    tag: 'Admin',
    summary: 'Open many dead intents again, with all their attempts',
    access: 'admin',
    body: IDS,
    answers: {
      200: {
        description: 'What became of each, in the order sent.',
        schema: RetryDeadAnswer,
        example: { items: [{ ok: true, id: EXAMPLE.id, status: 'open' }] },
      },
    },
    errors: ['invalid_payload'],
  }).handledBy(
    ({ broker }) =>
      async ({ request, body: { ids } }) =>
        itemsText(ids, await broker.interventions.retryDead(ids, actorOf(request)), id =>
          movedText({ id, state: 'ready' }),
        ),
  ),

  textEndpoint({
    method: 'post',
    path: `${PATH}/drop`,
    id: 'dropDeadLetters',
    tag: 'Admin',
    summary: 'Delete many dead intents for good',
    access: 'admin',
    body: IDS,
    answers: {
      200: {
        description: 'What became of each, in the order sent.',
        schema: DropDeadAnswer,
        example: { items: [{ ok: true, id: EXAMPLE.id, status: 'dropped' }] },
      },
    },
    errors: ['invalid_payload'],
  }).handledBy(
    ({ broker }) =>
      async ({ request, body: { ids } }) =>
        itemsText(
          ids,
          await broker.interventions.dropDead(ids, actorOf(request)),
          id => `{"ok":true,"id":"${id}","status":"dropped"}`,
        ),
  ),
]

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

/** An answer per id that was sent, in order. @param found whether each was a dead letter */
function itemsText(ids: string[], found: boolean[], moved: (id: string) => string): string {
  const items = ids.map((id, i) => (found[i] ? moved(id) : refusedText(id, notDead())))
  return `{"items":[${items.join(',')}]}`
}

const notDead = (): BusError => new BusError('not_found', 'Dead letter not found.')
