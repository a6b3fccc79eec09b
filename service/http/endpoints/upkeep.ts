import { SWEEP_COUNTS } from '../../store/outcomes.ts'
import { actorOf } from '../auth/actor.ts'
import { anyNamespace, meaning } from '../schemas/fields.ts'
import { exactly, named, object } from '../schemas/schema.ts'
import { count } from '../schemas/shapes.ts'
import type { Terms } from './definition.ts'
import { type Endpoint, endpoint } from './endpoint.ts'

const PurgeBody = named(
  'PurgeBody',
  object({
    confirm: meaning(
      'That you mean it.',
      exactly(true, {
        'x-error': 'confirmation_required',
        'x-message': 'A purge deletes for good: send "confirm": true.',
      }),
    ),
    namespace: meaning('Only this one.', anyNamespace()),
  }),
)
const PurgedAnswer = named('PurgedAnswer', object({ ok: exactly(true), deleted: count() }))

const COUNTS = [...SWEEP_COUNTS, 'rate_limits_deleted'] as const
const CleanupAnswer = named(
  'CleanupAnswer',
  object({
    ok: exactly(true),
    ...(Object.fromEntries(COUNTS.map(name => [name, count()])) as Record<
      (typeof COUNTS)[number],
      ReturnType<typeof count>
    >),
  }),
)

/** What empties the bus, or a part of it. */
export const upkeepEndpoints = (_terms: Terms): Endpoint[] => [
  endpoint({
    method: 'post',
    path: '/admin/purge',
    id: 'purge',
    tag: 'Admin',
    summary: 'Delete for good',
    description:
      'With a `namespace`: its intents and dead letters. **Without: all intents and stored values**, with the limits, idempotency keys and nonces. Intents that cannot be read, because a page of the database is damaged, stay.',
    access: 'admin',
    body: { fields: PurgeBody, example: { confirm: true, namespace: 'scratch' } },
    answers: {
      200: {
        description: 'How many intents went.',
        schema: PurgedAnswer,
        example: { ok: true, deleted: 12 },
      },
    },
    errors: ['invalid_payload', 'invalid_namespace', 'confirmation_required'],
  }).handledBy(({ broker, limits }) => async ({ request, body: { namespace = null } }) => {
    const deleted = await broker.interventions.purge(namespace, actorOf(request))
    if (namespace === null) limits.clear()
    return { ok: true, deleted }
  }),

  endpoint({
    method: 'post',
    path: '/admin/cleanup',
    id: 'cleanUp',
    tag: 'Admin',
    summary: 'Do now what is done from time to time anyway',
    access: 'admin',
    answers: { 200: { description: 'How many of each kind were handled.', schema: CleanupAnswer } },
  }).handledBy(({ broker, limits }) => async () => {
    const counts = await broker.cleanup()
    return { ok: true, ...counts, rate_limits_deleted: limits.prune() }
  }),
]
