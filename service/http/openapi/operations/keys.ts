import { ChangeKeyBody, GenerateKeyBody, RevokeKeyBody, RotateKeyBody } from '../../schemas/requests.ts'
import {
  KeyAnswer,
  KeyDetailsAnswer,
  KeysAnswer,
  RevokedAnswer,
  RotatedAnswer,
} from '../../schemas/responses.ts'
import { EXAMPLE, named, type Operation, type Terms } from '../operation.ts'
import { bodyOf } from '../wire.ts'

const API_KEY = 'tk_an-api-key'

const isGiven = (name: string) => ({ properties: { [name]: { not: { type: 'null' } } }, required: [name] })
const SOMETHING = { anyOf: ['owner', 'note', 'expires_in', 'rate_limit', 'open_limit'].map(isGiven) }
const ONE_OF_THE_TWO = { oneOf: [isGiven('api_key'), isGiven('key_id')] }

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

const TERMS = {
  owner: 'Who it is for.',
  note: 'What else is to be remembered of it.',
  expires_in: 'When it ends.',
  rate_limit: 'How often it may call.',
  open_limit: 'How much it may leave to be done.',
}

export const keyOperations = (_terms: Terms): Operation[] => [
  {
    tag: 'Admin',
    access: 'admin',
    method: 'post',
    path: '/admin/generate_key',
    id: 'generateKey',
    summary: 'Issue an API key',
    reads: [GenerateKeyBody],
    body: {
      schema: named('GenerateKeyBody', bodyOf(GenerateKeyBody, TERMS)),
      example: { owner: 'camera in the barn', note: 'behind the hay', expires_in: 7_776_000, open_limit: 50 },
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
  },
  {
    tag: 'Admin',
    access: 'admin',
    method: 'get',
    path: '/admin/keys',
    id: 'listKeys',
    summary: 'See the issued API keys',
    answers: {
      200: {
        description: 'All of them. None is shown whole.',
        schema: KeysAnswer,
        example: { keys: [KEY] },
      },
    },
  },
  {
    tag: 'Admin',
    access: 'admin',
    method: 'post',
    path: '/admin/rotate_key',
    id: 'rotateKey',
    summary: 'Give an API key a successor',
    description:
      'Both open the same intents, values and leases, and share one rate limit. The old one ends after `overlap`, or at its own end if that comes first. A key that has a successor cannot be rotated again.',
    reads: [RotateKeyBody],
    body: {
      schema: named('RotateKeyBody', {
        ...bodyOf(RotateKeyBody, {
          overlap: 'For how long both are good.',
          expires_in: 'When the new one ends. Left out: it lives as long as the old one was made to.',
        }),
        ...ONE_OF_THE_TWO,
      }),
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
  },
  {
    tag: 'Admin',
    access: 'admin',
    method: 'post',
    path: '/admin/change_key',
    id: 'changeKey',
    summary: 'Change what is written of an API key, its end or its limits',
    description: 'What is left out stays as it is.',
    reads: [ChangeKeyBody],
    body: {
      schema: named('ChangeKeyBody', {
        ...bodyOf(ChangeKeyBody, TERMS),
        ...ONE_OF_THE_TWO,
        ...SOMETHING,
      }),
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
  },
  {
    tag: 'Admin',
    access: 'admin',
    method: 'post',
    path: '/admin/revoke_key',
    id: 'revokeKey',
    summary: 'Revoke an API key',
    description:
      'By the key itself or by its number. Its limits, idempotency keys and nonces go with it, unless it was rotated and the other key is left; its open intents stay.',
    reads: [RevokeKeyBody],
    body: {
      schema: named('RevokeKeyBody', { ...bodyOf(RevokeKeyBody), ...ONE_OF_THE_TWO }),
      example: { api_key: API_KEY },
    },
    answers: {
      200: {
        description: 'It is no longer good. `revoked` is false when there was no such key.',
        schema: RevokedAnswer,
        example: { ok: true, revoked: true, open_intents: 0 },
      },
    },
    errors: ['invalid_payload'],
  },
]
