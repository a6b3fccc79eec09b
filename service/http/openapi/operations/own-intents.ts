import { IntentsQuery } from '../../schemas/requests.ts'
import { IntentsAnswer, MovedAnswer } from '../../schemas/responses.ts'
import { INTENT_ID } from '../headers.ts'
import { EXAMPLE, type Operation, type Terms } from '../operation.ts'
import { LIST_OF_INTENTS, LISTED } from './admin-intents.ts'

export const ownIntentOperations = (_terms: Terms): Operation[] => [
  {
    tag: 'Ask',
    access: 'key',
    method: 'get',
    path: '/intents',
    id: 'listOwnIntents',
    summary: 'List what this key published, a page at a time',
    ...LIST_OF_INTENTS,
    reads: [IntentsQuery],
    answers: {
      200: { description: 'The newest first.', schema: IntentsAnswer, example: [LISTED], headers: ['Link'] },
    },
  },
  {
    tag: 'Publish',
    access: 'key',
    method: 'post',
    path: '/cancel/:id',
    id: 'cancelOwnIntent',
    summary: 'Cancel an intent that this key published',
    description:
      'It is dead at once, whatever state it was in, with the reason `Cancelled by publisher`. A worker that has it loses its lease. It may be repeated.',
    parameters: [INTENT_ID],
    answers: {
      200: {
        description: 'It is dead.',
        schema: MovedAnswer,
        example: { ok: true, id: EXAMPLE.id, status: 'dead' },
        links: {
          retryOwnIntent: { operationId: 'retryOwnIntent', parameters: { id: '$response.body#/id' } },
        },
      },
    },
    errors: ['not_found', 'forbidden'],
  },
  {
    tag: 'Publish',
    access: 'key',
    method: 'post',
    path: '/retry/:id',
    id: 'retryOwnIntent',
    summary: 'Open a dead or fulfilled intent that this key published again, with all its attempts',
    description:
      'Its result goes. One that is open or claimed is 404. It counts as an open intent of the key.',
    parameters: [INTENT_ID],
    answers: {
      200: {
        description: 'It is open.',
        schema: MovedAnswer,
        example: { ok: true, id: EXAMPLE.id, status: 'open' },
      },
    },
    errors: ['not_found', 'forbidden', 'limit_exceeded'],
  },
]
