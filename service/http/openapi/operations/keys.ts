import { GenerateKeyBody, RevokeKeyBody } from '../../schemas/requests.ts'
import { KeyAnswer, KeysAnswer, RevokedAnswer } from '../../schemas/responses.ts'
import { EXAMPLE, named, type Operation, type Terms } from '../operation.ts'
import { bodyOf } from '../wire.ts'

const API_KEY = 'tk_an-api-key'

const isGiven = (name: string) => ({ properties: { [name]: { not: { type: 'null' } } }, required: [name] })
const ONE_OF_THE_TWO = { oneOf: [isGiven('api_key'), isGiven('key_id')] }

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
      schema: named('GenerateKeyBody', bodyOf(GenerateKeyBody, { owner: 'Who it is for.' })),
      example: { owner: 'camera in the barn' },
    },
    answers: {
      201: {
        description: 'The key, which is shown this once.',
        schema: KeyAnswer,
        example: { api_key: API_KEY, owner: 'camera in the barn' },
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
        example: {
          keys: [
            {
              key_id: 1,
              owner: 'camera in the barn',
              prefix: 'tk_an-a',
              created_at: EXAMPLE.at,
              open_intents: 0,
            },
          ],
        },
      },
    },
  },
  {
    tag: 'Admin',
    access: 'admin',
    method: 'post',
    path: '/admin/revoke_key',
    id: 'revokeKey',
    summary: 'Revoke an API key',
    description:
      'By the key itself or by its number. Its limits, idempotency keys and nonces go with it; its open intents stay.',
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
