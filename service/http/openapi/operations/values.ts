import { KvParams, SetBody } from '../../schemas/requests.ts'
import { OkAnswer, ValueAnswer } from '../../schemas/responses.ts'
import { named, type Operation, type Terms } from '../operation.ts'
import { bodyOf, pathOf } from '../wire.ts'

const key = pathOf(KvParams, { key: 'The name of the value.' }, 'last-run')

export const valueOperations = ({ maxValueBytes }: Terms): Operation[] => [
  {
    method: 'post',
    path: '/set/:key',
    id: 'setValue',
    tag: 'Values',
    summary: 'Keep a value for a while',
    description: 'What was kept under this key is replaced.',
    access: 'key',
    reads: [KvParams, SetBody],
    parameters: key,
    body: {
      schema: named(
        'SetBody',
        bodyOf(SetBody, { value: `Up to ${maxValueBytes} bytes.`, ttl: 'When it goes, from now.' }),
      ),
      example: { value: '2031-05-01', ttl: 86_400 },
    },
    answers: {
      200: {
        description: 'It is on disk.',
        schema: OkAnswer,
        example: { ok: true },
        links: { getValue: { operationId: 'getValue', parameters: { key: '$request.path.key' } } },
      },
    },
    errors: ['invalid_payload', 'limit_exceeded', 'draining'],
  },
  {
    method: 'get',
    path: '/get/:key',
    id: 'getValue',
    tag: 'Values',
    summary: 'Get a value',
    access: 'key',
    reads: [KvParams],
    parameters: key,
    answers: { 200: { description: 'The value.', schema: ValueAnswer, example: { value: '2031-05-01' } } },
    errors: ['not_found'],
  },
]
