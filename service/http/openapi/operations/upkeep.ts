import { PurgeBody } from '../../schemas/requests.ts'
import { CleanupAnswer, OverviewAnswer, PurgedAnswer } from '../../schemas/responses.ts'
import { named, type Operation, type Terms } from '../operation.ts'
import { bodyOf } from '../wire.ts'

export const upkeepOperations = (_terms: Terms): Operation[] => [
  {
    tag: 'Admin',
    access: 'admin',
    method: 'get',
    path: '/admin/overview',
    id: 'getOverview',
    summary: 'See the bus at a glance',
    description: 'All of it is kept and nothing is counted for it: it may be asked every second.',
    answers: {
      200: { description: 'How it is, and what it did since it was started.', schema: OverviewAnswer },
    },
  },
  {
    tag: 'Admin',
    access: 'admin',
    method: 'post',
    path: '/admin/purge',
    id: 'purge',
    summary: 'Delete for good',
    description:
      'With a `namespace`: its intents and dead letters. **Without: all intents and stored values**, with the limits, idempotency keys and nonces.',
    reads: [PurgeBody],
    body: {
      schema: named(
        'PurgeBody',
        bodyOf(PurgeBody, { confirm: 'That you mean it.', namespace: 'Only this one.' }),
      ),
      example: { confirm: true, namespace: 'scratch' },
    },
    answers: {
      200: {
        description: 'How many intents went.',
        schema: PurgedAnswer,
        example: { ok: true, deleted: 12 },
      },
    },
    errors: ['invalid_payload', 'invalid_namespace', 'confirmation_required'],
  },
  {
    tag: 'Admin',
    access: 'admin',
    method: 'post',
    path: '/admin/cleanup',
    id: 'cleanUp',
    summary: 'Do now what is done from time to time anyway',
    answers: { 200: { description: 'How many of each kind were handled.', schema: CleanupAnswer } },
  },
]
