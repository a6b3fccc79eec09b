import { IntentsQuery } from '../../schemas/requests.ts'
import { IntentAnswer, IntentsAnswer, MovedAnswer } from '../../schemas/responses.ts'
import { INTENT_ID } from '../headers.ts'
import { type Answer, EXAMPLE, type Operation, type Terms } from '../operation.ts'
import { queryOf } from '../wire.ts'
import { STATUS } from './results.ts'

export const LISTED = {
  ...STATUS,
  publisher: 'camera in the barn',
  worker_id: 'pi-1',
  max_attempts: 5,
  backoff_base: 5,
  created_at: EXAMPLE.at,
  expires_at: EXAMPLE.at + 86_400,
  claimed_at: EXAMPLE.at + 1,
}

/** What the list of an admin and that of a publisher have in common. */
export const LIST_OF_INTENTS = {
  description:
    'The 100 newest, or what is asked for, without their payloads and results. A page looks at a bounded number of intents: it may be short or empty and have a next one all the same.',
  parameters: queryOf(IntentsQuery, {
    namespace: 'Of this namespace.',
    goal: 'With this goal.',
    status: 'In this state. `open` is those that are `ready` for a worker, and those that are `delayed`.',
    id: 'Whose id begins so. It goes without `before`: there is one page.',
    limit: 'How many; 100 unless it is said.',
    before: 'Those that are older.',
  }),
  errors: ['invalid_namespace', 'invalid_goal'],
} as const

/** What a cancel or a retry answers, whoever asks. */
export const movedTo = (status: 'dead' | 'open', links?: Answer['links']) => ({
  200: {
    description: `It is ${status}.`,
    schema: MovedAnswer,
    example: { ok: true, id: EXAMPLE.id, status },
    ...(links === undefined ? {} : { links }),
  },
})

/** To what else may be asked of the intent that was moved. */
export const linkTo = (operationId: string) => ({
  [operationId]: { operationId, parameters: { id: '$response.body#/id' } },
})

export const adminIntentOperations = (_terms: Terms): Operation[] => [
  {
    tag: 'Admin',
    access: 'admin',
    method: 'get',
    path: '/admin/intents',
    id: 'listIntents',
    summary: 'See intents of all publishers, a page at a time',
    ...LIST_OF_INTENTS,
    reads: [IntentsQuery],
    answers: {
      200: { description: 'The newest first.', schema: IntentsAnswer, example: [LISTED], headers: ['Link'] },
    },
  },
  {
    tag: 'Admin',
    access: 'admin',
    method: 'get',
    path: '/admin/intents/:id',
    id: 'getIntent',
    summary: 'See all about one intent',
    parameters: [INTENT_ID],
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
  },
  {
    tag: 'Admin',
    access: 'admin',
    method: 'post',
    path: '/admin/intents/:id/cancel',
    id: 'cancelIntent',
    summary: 'Make an intent dead, whatever it is',
    description: 'It may be repeated.',
    parameters: [INTENT_ID],
    answers: movedTo('dead', { ...linkTo('getDeadLetter'), ...linkTo('retryIntent') }),
    errors: ['not_found'],
  },
  {
    tag: 'Admin',
    access: 'admin',
    method: 'post',
    path: '/admin/intents/:id/retry',
    id: 'retryIntent',
    summary: 'Open a dead or fulfilled intent again, with all its attempts',
    description: 'Its result goes. One that is open or claimed is 404.',
    parameters: [INTENT_ID],
    answers: movedTo('open'),
    errors: ['not_found'],
  },
]
