import { ResultQuery } from '../../schemas/requests.ts'
import { ResultAnswer, StatusAnswer } from '../../schemas/responses.ts'
import { INTENT_ID } from '../headers.ts'
import { EXAMPLE, type Operation, type Terms } from '../operation.ts'
import { queryOf } from '../wire.ts'

const WHO = 'For its publisher, whoever holds the lease or settled it, and the master key; others get 403.'

export const STATUS = {
  id: EXAMPLE.id,
  namespace: 'default',
  goal: 'resize',
  status: 'fulfilled',
  priority: 200,
  visibility: 'private',
  claim_attempts: 1,
  run_at: EXAMPLE.at,
  claim_expires_at: null,
  target_worker: null,
  required_capability: null,
  completed_at: EXAMPLE.at + 3,
  last_error: null,
  progress: 100,
  progress_message: null,
}

/** What its publisher is told besides. */
const OWN = { publisher: 'tk_Xa3f… (camera in the barn)', worker_id: 'pi-1' }

export const resultOperations = (_terms: Terms): Operation[] => [
  {
    method: 'get',
    path: '/status/:id',
    id: 'getStatus',
    tag: 'Ask',
    summary: 'Ask what state an intent is in',
    description: WHO,
    access: 'key',
    parameters: [INTENT_ID],
    answers: { 200: { description: 'Its state.', schema: StatusAnswer, example: { ...STATUS, ...OWN } } },
    errors: ['not_found', 'forbidden'],
  },
  {
    method: 'get',
    path: '/result/:id',
    id: 'getResult',
    tag: 'Ask',
    summary: 'Ask for the result of an intent, or wait for it',
    description: WHO,
    access: 'key',
    reads: [ResultQuery],
    parameters: [
      INTENT_ID,
      ...queryOf(ResultQuery, {
        wait: 'Answer as soon as the intent has ended, or with its present state when so long has gone by.',
      }),
    ],
    answers: {
      200: {
        description: 'Its state; `result` and `error` only when there is one.',
        schema: ResultAnswer,
        example: { ...STATUS, ...OWN, result_type: 'json', result: { width: 64 } },
      },
    },
    errors: ['not_found', 'forbidden', 'limit_exceeded'],
  },
]
