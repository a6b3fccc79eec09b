import { MOST_ITEMS } from '../../bodies/items.ts'
import { PublishBody } from '../../schemas/requests.ts'
import { PublishAnswer, PublishedAnswer } from '../../schemas/responses.ts'
import { EXAMPLE, type Keywords, type Link, named, type Operation, type Terms } from '../operation.ts'
import { bodyOf, type Meanings } from '../wire.ts'

const IDEMPOTENCY_KEY = '^[\\x21-\\x7e]{1,255}$'
/** In a header, empty is the same as left out. */
const OR_EMPTY = '^[\\x21-\\x7e]{0,255}$'

const WORK = { goal: 'resize', payload: { file: 'cat.png' }, priority: 200, max_attempts: 5 }
const PUBLISHED = { id: EXAMPLE.id, status: 'published', namespace: 'default' }

/** What one may do with an intent whose id one has. */
const links = Object.fromEntries(
  ['getStatus', 'getResult', 'getIntent', 'cancelIntent', 'retryIntent'].map(
    (operationId): [string, Link] => [operationId, { operationId, parameters: { id: '$response.body#/id' } }],
  ),
)

export function intentOperations({ maxPayloadBytes, maxDepth, maxOpenIntents }: Terms): Operation[] {
  const meanings: Meanings = {
    goal: 'What kind of work it is; workers may ask for one kind.',
    payload: `What the worker needs to know: up to ${maxPayloadBytes} bytes as compact JSON, ${maxDepth} levels deep.`,
    namespace: 'Workers see one namespace at a time.',
    target_worker: 'Only the worker with this id may take it.',
    required_capability: 'Only workers that offer this may take it.',
  }
  const one = named('PublishBody', bodyOf(PublishBody, meanings))
  const errors = [
    'invalid_goal',
    'invalid_namespace',
    'invalid_payload',
    'invalid_target_worker',
    'invalid_required_capability',
    'idempotency_conflict',
    'limit_exceeded',
    'draining',
  ] as const
  return [
    {
      method: 'post',
      path: '/intent',
      id: 'publish',
      tag: 'Publish',
      summary: 'Publish an intent',
      description: `An issued key may have ${maxOpenIntents} open and claimed intents.`,
      access: 'key',
      reads: [PublishBody],
      parameters: [
        {
          name: 'Idempotency-Key',
          in: 'header',
          description:
            'Makes it safe to repeat: the same key with the same body gets the first answer again, with another one 422. 1 to 255 visible ASCII characters, remembered for a day. Empty is the same as left out.',
          schema: { type: 'string', pattern: OR_EMPTY },
          example: 'order-17',
        },
      ],
      body: { schema: one, example: WORK },
      answers: {
        201: {
          description: 'It is on disk.',
          schema: PublishAnswer,
          example: PUBLISHED,
          links,
          headers: ['X-Intent-Warning'],
        },
      },
      errors,
    },
    {
      method: 'post',
      path: '/intents',
      id: 'publishBatch',
      tag: 'Publish',
      summary: `Publish up to ${MOST_ITEMS} intents, all or none`,
      description:
        'If one is refused all are, and the message says which: `intents[3]: …`. Each counts as one request against the rate limit.',
      access: 'key',
      reads: [PublishBody],
      body: {
        schema: named('PublishBatchBody', {
          type: 'object',
          properties: {
            intents: { type: 'array', maxItems: MOST_ITEMS, items: named('PublishItem', itemOf(one)) },
          },
          required: ['intents'],
        }),
        example: { intents: [{ ...WORK, idempotency_key: 'order-17' }, WORK] },
      },
      answers: {
        201: {
          description: 'All are on disk; an answer for each, in order.',
          schema: PublishedAnswer,
          headers: ['X-Intent-Warning'],
          example: { intents: [PUBLISHED, { ...PUBLISHED, id: EXAMPLE.id.replace(/1$/, '2') }] },
        },
      },
      errors,
    },
  ]
}

function itemOf(one: Keywords): Keywords {
  const idempotencyKey = {
    description: 'As the header `Idempotency-Key` of a single publish, but never empty.',
    type: ['string', 'null'],
    pattern: IDEMPOTENCY_KEY,
  }
  return { allOf: [one, { type: 'object', properties: { idempotency_key: idempotencyKey } }] }
}
