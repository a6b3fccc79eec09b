import { DeadLetterIdsBody, DeadLettersQuery } from '../../schemas/requests.ts'
import {
  DeadLetterAnswer,
  DeadLettersAnswer,
  DropDeadAnswer,
  RetryDeadAnswer,
} from '../../schemas/responses.ts'
import { INTENT_ID } from '../headers.ts'
import { EXAMPLE, named, type Operation, type Terms } from '../operation.ts'
import { bodyOf, queryOf } from '../wire.ts'

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

const IDS = {
  schema: named('DeadLetterIdsBody', bodyOf(DeadLetterIdsBody)),
  example: { ids: [EXAMPLE.id] },
}

export const deadLetterOperations = (_terms: Terms): Operation[] => [
  {
    tag: 'Admin',
    access: 'admin',
    method: 'get',
    path: '/admin/dead',
    id: 'listDeadLetters',
    summary: 'See dead letters, a page at a time',
    description:
      'The 100 newest, or what is asked for. A page looks at a bounded number of letters: with a filter it may be short or empty and have a next one all the same.',
    reads: [DeadLettersQuery],
    parameters: queryOf(DeadLettersQuery, {
      namespace: 'Of this namespace.',
      goal: 'With this goal.',
      cause: 'That died of this: all attempts failed, nobody took it in time, or somebody cancelled it.',
      reason:
        'With exactly this reason: what the last attempt failed with, mostly. `Max retries exceeded` and `expired` mean the causes.',
      since: 'That died then or later.',
      limit: 'How many; 100 unless it is said.',
      before: 'Those that are older.',
    }),
    answers: {
      200: {
        description: 'The newest first.',
        schema: DeadLettersAnswer,
        example: [LETTER],
        headers: ['Link'],
      },
    },
    errors: ['invalid_namespace', 'invalid_goal'],
  },
  {
    tag: 'Admin',
    access: 'admin',
    method: 'get',
    path: '/admin/dead/:id',
    id: 'getDeadLetter',
    summary: 'See one dead letter with its payload',
    parameters: [INTENT_ID],
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
  },
  {
    tag: 'Admin',
    access: 'admin',
    method: 'post',
    path: '/admin/dead/retry',
    id: 'retryDeadLetters',
    summary: 'Open many dead intents again, with all their attempts',
    reads: [DeadLetterIdsBody],
    body: IDS,
    answers: {
      200: {
        description: 'What became of each, in the order sent.',
        schema: RetryDeadAnswer,
        example: { items: [{ ok: true, id: EXAMPLE.id, status: 'open' }] },
      },
    },
    errors: ['invalid_payload'],
  },
  {
    tag: 'Admin',
    access: 'admin',
    method: 'post',
    path: '/admin/dead/drop',
    id: 'dropDeadLetters',
    summary: 'Delete many dead intents for good',
    reads: [DeadLetterIdsBody],
    body: IDS,
    answers: {
      200: {
        description: 'What became of each, in the order sent.',
        schema: DropDeadAnswer,
        example: { items: [{ ok: true, id: EXAMPLE.id, status: 'dropped' }] },
      },
    },
    errors: ['invalid_payload'],
  },
]
