import { BusError } from '../../../errors.ts'
import type { KeyId } from '../../../intent/routing.ts'
import { actorOf } from '../../auth/actor.ts'
import { newApiKey, secretOf } from '../../auth/keys.ts'
import { EXAMPLE, type Terms } from '../definition.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import { details, detailsOf, endOf, hashOfNamed, keyNamed, termsOf } from './named-key.ts'
import {
  CHANGEABLE,
  ChangeKeyBody,
  GenerateKeyBody,
  KeyAnswer,
  KeyDetailsAnswer,
  KeysAnswer,
  ONE_OF_THE_TWO,
  RevokedAnswer,
  RevokeKeyBody,
  RotatedAnswer,
  RotateKeyBody,
  SOMETHING,
} from './schemas.ts'

const API_KEY = 'tk_an-api-key'
const KEY = {
  key_id: 1,
  owner: 'camera in the barn',
  note: 'behind the hay',
  prefix: 'tk_an-a',
  created_at: EXAMPLE.at,
  last_used_at: null,
  expires_at: EXAMPLE.at + 7_776_000,
  expired: false,
  rate_limit: null,
  open_limit: 50,
  replaced_by: null,
  open_intents: 0,
  stored_bytes: 0,
}
const SUCCESSOR = { ...KEY, key_id: 2, prefix: 'tk_next' }

const UNLIMITED = { note: '', expiresAt: null, rateLimit: null, openLimit: null }

/** The issued API keys: made, listed, rotated, changed, revoked. */
export const keyEndpoints = (_terms: Terms): Endpoint[] => [
  endpoint({
    method: 'post',
    path: '/admin/generate_key',
    id: 'generateKey',
    tag: 'Admin',
    summary: 'Issue an API key',
    access: 'admin',
    body: {
      fields: GenerateKeyBody,
      example: {
        owner: 'camera in the barn',
        note: 'behind the hay',
        expires_in: 7_776_000,
        open_limit: 50,
      },
      optional: true,
    },
    answers: {
      201: {
        description: 'The key, which is shown this once.',
        schema: KeyAnswer,
        example: { api_key: API_KEY, ...KEY },
        links: {
          revokeKey: { operationId: 'revokeKey', requestBody: { api_key: '$response.body#/api_key' } },
        },
      },
    },
    errors: ['invalid_payload'],
  }).handledBy(services => {
    const { broker, keys, vault } = services
    return async ({ request, body: { owner, ...asked } }) => {
      const apiKey = newApiKey()
      const terms = { ...UNLIMITED, ...termsOf(asked, broker.now()), owner }
      const sealFor = (identity: KeyId) => secretOf(apiKey, identity, vault)
      const { key, secret } = await broker.keys.create(sealFor, terms, actorOf(request))
      keys.add(key, secret)
      return { api_key: apiKey, ...(await detailsOf(key, services)) }
    }
  }),

  endpoint({
    method: 'get',
    path: '/admin/keys',
    id: 'listKeys',
    tag: 'Admin',
    summary: 'See the issued API keys',
    access: 'admin',
    answers: {
      200: {
        description: 'All of them. None is shown whole.',
        schema: KeysAnswer,
        example: { keys: [KEY] },
      },
    },
  }).handledBy(({ broker, keys }) => async () => {
    const holdings = await broker.store.holdings()
    return { keys: keys.list().map(key => details(key, holdings, broker.now())) }
  }),

  endpoint({
    method: 'post',
    path: '/admin/rotate_key',
    id: 'rotateKey',
    tag: 'Admin',
    summary: 'Give an API key a successor',
    description:
      'Both open the same intents, values and leases, and share one rate limit. The old one ends after `overlap`, or at its own end if that comes first. A key that has a successor cannot be rotated again.',
    access: 'admin',
    body: {
      fields: RotateKeyBody,
      rules: ONE_OF_THE_TWO,
      example: { key_id: 1, overlap: 86_400 },
    },
    answers: {
      201: {
        description: 'The new key, which is shown this once, and what became of the old one.',
        schema: RotatedAnswer,
        example: {
          api_key: API_KEY,
          ...SUCCESSOR,
          replaces: { ...KEY, expires_at: EXAMPLE.at + 86_400, replaced_by: 2 },
        },
      },
    },
    errors: ['invalid_payload', 'not_found'],
  }).handledBy(services => {
    const { broker, keys, vault } = services
    return async ({ request, body }) => {
      const { overlap, expires_in: expiresIn } = body
      const { id, identity } = keyNamed(body, keys)
      const apiKey = newApiKey()
      const secret = secretOf(apiKey, identity, vault)
      const { successor, predecessor } = await broker.keys.rotate({
        ...secret,
        id,
        overlapMs: overlap * 1000,
        expiresAt: expiresIn === undefined ? undefined : endOf(expiresIn, broker.now()),
        by: actorOf(request),
      })
      keys.add(successor, secret)
      keys.change(predecessor)
      // They wait for as long as the old key was good.
      broker.dismissWaiting(successor.identity)
      const [made, replaces] = [await detailsOf(successor, services), await detailsOf(predecessor, services)]
      return { api_key: apiKey, ...made, replaces }
    }
  }),

  endpoint({
    method: 'post',
    path: '/admin/change_key',
    id: 'changeKey',
    tag: 'Admin',
    summary: 'Change what is written of an API key, its end or its limits',
    description: 'What is left out stays as it is.',
    access: 'admin',
    body: {
      fields: ChangeKeyBody,
      rules: { ...ONE_OF_THE_TWO, ...SOMETHING },
      example: { key_id: 1, rate_limit: 600, expires_in: 0 },
    },
    answers: {
      200: {
        description: 'The key as it is now.',
        schema: KeyDetailsAnswer,
        example: { ...KEY, rate_limit: 600, expires_at: null },
      },
    },
    errors: ['invalid_payload', 'not_found'],
  }).handledBy(services => {
    const { broker, keys } = services
    return async ({ request, body: { owner, ...asked } }) => {
      const changes = { ...termsOf(asked, broker.now()), ...(owner === undefined ? {} : { owner }) }
      if (Object.keys(changes).length === 0) {
        throw new BusError('invalid_request', `Nothing to change: send one of ${CHANGEABLE.join(', ')}.`)
      }
      const key = await broker.keys.change(keyNamed(asked, keys).id, changes, actorOf(request))
      keys.change(key)
      if (changes.expiresAt !== undefined) broker.dismissWaiting(key.identity)
      return detailsOf(key, services)
    }
  }),

  endpoint({
    method: 'post',
    path: '/admin/revoke_key',
    id: 'revokeKey',
    tag: 'Admin',
    summary: 'Revoke an API key',
    description:
      'By the key itself or by its number. Its limits, idempotency keys and nonces go with it, unless it was rotated and the other key is left; its open intents stay.',
    access: 'admin',
    body: { fields: RevokeKeyBody, rules: ONE_OF_THE_TWO, example: { api_key: API_KEY } },
    answers: {
      200: {
        description: 'It is no longer good. `revoked` is false when there was no such key.',
        schema: RevokedAnswer,
        example: { ok: true, revoked: true, open_intents: 0 },
      },
    },
    errors: ['invalid_payload'],
  }).handledBy(({ broker, keys, limits }) => async ({ request, body }) => {
    const keyHash = hashOfNamed(body, keys)
    const gone = keyHash === null ? null : await broker.keys.revoke(keyHash, actorOf(request))
    if (keyHash !== null) keys.remove(keyHash)
    if (gone !== null) broker.dismissWaiting(gone.identity)
    if (gone?.last) {
      limits.forget(gone.identity)
      // The key is gone whatever becomes of its values: what cannot be deleted now expires within a day.
      await broker.keys
        .dropValues(gone.identity)
        .catch(err => request.log.warn({ err }, 'the values of a revoked key could not be deleted'))
    }
    return { ok: true, revoked: gone !== null, open_intents: gone?.unsettled }
  }),
]
