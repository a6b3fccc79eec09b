/** What is published: one intent, or many. */
import { publishedText } from '../answers/answers.ts'
import { inItem, MOST_ITEMS } from '../bodies/items.ts'
import {
  idempotencyKeyOf,
  isVisibilityUnknown,
  publicationOf,
  publishBody,
  VISIBILITY_UNKNOWN,
} from '../bodies/publication.ts'
import { callerOf, takeNonce } from '../request.ts'
import { exactly, list, named, object, string } from '../schemas/schema.ts'
import { id } from '../schemas/shapes.ts'
import { EXAMPLE, type Link, type Terms } from './definition.ts'
import { type Endpoint, textEndpoint } from './endpoint.ts'

const IDEMPOTENCY_KEY = '^[\\x21-\\x7e]{1,255}$'
/** In a header, empty is the same as left out. */
const OR_EMPTY = '^[\\x21-\\x7e]{0,255}$'

const PublishAnswer = named(
  'PublishAnswer',
  object({ id: id(), status: exactly('published'), namespace: string() }),
)
const PublishedAnswer = named('PublishedAnswer', object({ intents: list(PublishAnswer) }))

const WORK = { goal: 'resize', payload: { file: 'cat.png' }, priority: 200, max_attempts: 5 }
const PUBLISHED = { id: EXAMPLE.id, status: 'published', namespace: 'default' }

/** What one may do with an intent whose id one has. */
const links = Object.fromEntries(
  ['getStatus', 'getResult', 'getIntent', 'cancelIntent', 'retryIntent'].map(
    (operationId): [string, Link] => [operationId, { operationId, parameters: { id: '$response.body#/id' } }],
  ),
)

const ERRORS = [
  'invalid_goal',
  'invalid_namespace',
  'invalid_payload',
  'invalid_target_worker',
  'invalid_required_capability',
  'idempotency_conflict',
  'limit_exceeded',
  'draining',
] as const

export function intentEndpoints(terms: Terms): Endpoint[] {
  const fields = publishBody(terms)
  const jsonBytes = terms.maxPayloadBytes
  return [
    textEndpoint({
      method: 'post',
      path: '/intent',
      id: 'publish',
      tag: 'Publish',
      summary: 'Publish an intent',
      description: `An issued key may have ${terms.maxOpenIntents} open and claimed intents.`,
      access: 'key',
      writes: true,
      begins: true,
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
      // Clients of 2.1 may send an empty one: it is the same as none.
      headersFrom: request => idempotencyKeyOf(request.headers['idempotency-key'] || null, 'Idempotency-Key'),
      body: { fields, jsonBytes, also: ['idempotency_key'], example: WORK },
      answers: {
        201: {
          description: 'It is on disk.',
          schema: PublishAnswer,
          example: PUBLISHED,
          links,
          headers: ['X-Intent-Warning'],
        },
      },
      errors: ERRORS,
    }).handledBy(({ broker, settings }) => async ({ request, reply, headers: key, body, sent }) => {
      const publication = await publicationOf(body, sent, key, callerOf(request), settings)
      const published = await broker.publish(publication, takeNonce(request))
      if (isVisibilityUnknown(sent)) reply.header('x-intent-warning', VISIBILITY_UNKNOWN)
      return publishedText(published.id, published.namespace)
    }),

    textEndpoint({
      method: 'post',
      path: '/intents',
      id: 'publishBatch',
      tag: 'Publish',
      summary: `Publish up to ${MOST_ITEMS} intents, all or none`,
      description:
        'If one is refused all are, and the message says which: `intents[3]: …`. Each counts as one request against the rate limit.',
      access: 'key',
      writes: true,
      begins: true,
      items: {
        list: 'intents',
        fields,
        jsonBytes,
        name: 'PublishBatchBody',
        itemName: 'PublishItem',
        itemFields: { properties: { idempotency_key: ITEM_KEY } },
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
      errors: ERRORS,
    }).handledBy(({ broker, settings, limits }) => async ({ request, reply, items, readItem }) => {
      const caller = callerOf(request)
      await limits.countItems(request, reply, items.count)
      let unknown = -1
      const publications = await items.each((item, i) =>
        inItem('intents', i, () => {
          if (unknown === -1 && isVisibilityUnknown(item)) unknown = i
          const key = idempotencyKeyOf(item.fields['idempotency_key'], 'idempotency_key')
          return publicationOf(readItem(item), item, key, caller, settings)
        }),
      )
      const published = await broker.publishAll(publications, takeNonce(request))
      if (unknown !== -1) reply.header('x-intent-warning', `intents[${unknown}]: ${VISIBILITY_UNKNOWN}`)
      const answers = published.map(({ id, namespace }) => publishedText(id, namespace))
      return `{"intents":[${answers.join(',')}]}`
    }),
  ]
}

const ITEM_KEY = {
  description: 'As the header `Idempotency-Key` of a single publish, but never empty.',
  type: ['string', 'null'],
  pattern: IDEMPOTENCY_KEY,
}
