/** An intent made dead or opened again: by the key that published it, or by an admin whoever did. */
import { wireState } from '../../intent/lifecycle.ts'
import type { Moved } from '../../store/outcomes.ts'
import { actorOf, publisherActor } from '../auth/actor.ts'
import { openLimitOf } from '../auth/keys.ts'
import { callerOf, takeNonce } from '../request.ts'
import { IntentParams } from '../schemas/fields.ts'
import { MovedAnswer } from '../schemas/shapes.ts'
import { type Answer, EXAMPLE, type Terms } from './definition.ts'
import { type Endpoint, endpoint } from './endpoint.ts'

const movedTo = (status: 'dead' | 'open', links?: Answer['links']) => ({
  200: {
    description: `It is ${status}.`,
    schema: MovedAnswer,
    example: { ok: true, id: EXAMPLE.id, status },
    ...(links === undefined ? {} : { links }),
  },
})

/** To what else may be asked of the intent that was moved. */
const linkTo = (operationId: string) => ({
  [operationId]: { operationId, parameters: { id: '$response.body#/id' } },
})

const moved = ({ id, state }: Moved) => ({ ok: true, id, status: wireState(state) }) as const

export const ownMoveEndpoints = (_terms: Terms): Endpoint[] => [
  endpoint({
    method: 'post',
    path: '/cancel/:id',
    id: 'cancelOwnIntent',
    tag: 'Publish',
    summary: 'Cancel an intent that this key published',
    description:
      'It is dead at once, whatever state it was in, with the reason `Cancelled by publisher`. A worker that has it loses its lease. It may be repeated.',
    access: 'key',
    writes: true,
    params: IntentParams,
    answers: movedTo('dead', linkTo('retryOwnIntent')),
    errors: ['not_found', 'forbidden'],
  }).handledBy(({ broker }) => async ({ request, params: { id } }) => {
    const { keyId } = callerOf(request)
    const by = publisherActor(request)
    return moved(await broker.interventions.cancelOwn(id, keyId, takeNonce(request), by))
  }),

  endpoint({
    method: 'post',
    path: '/retry/:id',
    id: 'retryOwnIntent',
    tag: 'Publish',
    summary: 'Open a dead or fulfilled intent that this key published again, with all its attempts',
    description:
      'Its result goes. One that is open or claimed is 404. It counts as an open intent of the key.',
    access: 'key',
    writes: true,
    params: IntentParams,
    answers: movedTo('open'),
    errors: ['not_found', 'forbidden', 'limit_exceeded'],
  }).handledBy(({ broker, settings }) => async ({ request, params: { id } }) => {
    const caller = callerOf(request)
    const limit = openLimitOf(caller, settings)
    const by = publisherActor(request)
    return moved(await broker.interventions.retryOwn(id, caller.keyId, limit, takeNonce(request), by))
  }),
]

export const adminMoveEndpoints = (_terms: Terms): Endpoint[] => [
  endpoint({
    method: 'post',
    path: '/admin/intents/:id/cancel',
    id: 'cancelIntent',
    tag: 'Admin',
    summary: 'Make an intent dead, whatever it is',
    description: 'It may be repeated.',
    access: 'admin',
    params: IntentParams,
    answers: movedTo('dead', { ...linkTo('getDeadLetter'), ...linkTo('retryIntent') }),
    errors: ['not_found'],
  }).handledBy(
    ({ broker }) =>
      async ({ request, params: { id } }) =>
        moved(await broker.interventions.cancel(id, actorOf(request))),
  ),

  endpoint({
    method: 'post',
    path: '/admin/intents/:id/retry',
    id: 'retryIntent',
    tag: 'Admin',
    summary: 'Open a dead or fulfilled intent again, with all its attempts',
    description: 'Its result goes. One that is open or claimed is 404.',
    access: 'admin',
    params: IntentParams,
    answers: movedTo('open'),
    errors: ['not_found'],
  }).handledBy(
    ({ broker }) =>
      async ({ request, params: { id } }) =>
        moved(await broker.interventions.retry(id, actorOf(request))),
  ),
]
