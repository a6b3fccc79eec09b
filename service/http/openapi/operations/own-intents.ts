import { IntentsQuery } from '../../schemas/requests.ts'
import { IntentsAnswer } from '../../schemas/responses.ts'
import { INTENT_ID } from '../headers.ts'
import type { Operation, Terms } from '../operation.ts'
import { LIST_OF_INTENTS, LISTED, linkTo, movedTo } from './admin-intents.ts'

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
    answers: movedTo('dead', linkTo('retryOwnIntent')),
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
    answers: movedTo('open'),
    errors: ['not_found', 'forbidden', 'limit_exceeded'],
  },
]
