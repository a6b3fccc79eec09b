import { ClaimQuery } from '../../schemas/requests.ts'
import { ClaimAnswer, ClaimsAnswer } from '../../schemas/responses.ts'
import { either } from '../../schemas/schema.ts'
import { EXAMPLE, type Link, type Operation, type Parameter, type Terms } from '../operation.ts'
import { queryOf } from '../wire.ts'

const CLAIMED = {
  id: EXAMPLE.id,
  claim_token: EXAMPLE.token,
  namespace: 'default',
  goal: 'resize',
  claim_attempts: 1,
  priority: 200,
  target_worker: null,
  required_capability: null,
  claim_timeout: 60,
  payload: { file: 'cat.png' },
}

const report = (operationId: string, fields: object = {}): Link => ({
  operationId,
  parameters: { id: '$response.body#/id' },
  requestBody: { claim_token: '$response.body#/claim_token', ...fields },
})

export function claimOperations({ leaseMs }: Terms): Operation[] {
  const query = queryOf(ClaimQuery, {
    goal: 'Only intents with this goal; else any.',
    namespace: 'Only intents of this namespace.',
    worker_id: 'Who asks, for intents with a `target_worker`. The header `X-Worker-ID` wins.',
    capabilities:
      'What the worker can do, for intents with a `required_capability`. Each is cut at 64 characters. The header `X-Worker-Capabilities` wins.',
    wait: 'Wait so long for work, and answer as soon as there is some. Without it: answer at once.',
    max: 'Take up to so many, without waiting for more. With it, even with 1, the answer is a list.',
    lease: `How long until it must be settled; else ${leaseMs / 1000} seconds.`,
  })
  const schemaOf = (name: string) => query.find(each => each.name === name)!.schema
  const alias = (name: string, of: string, place: 'query' | 'header', use: string): Parameter => ({
    name,
    in: place,
    description: use,
    schema: schemaOf(of),
    ...(place === 'query' ? { allowEmptyValue: true as const } : {}),
  })
  return [
    {
      method: 'post',
      path: '/claim',
      id: 'claim',
      tag: 'Work',
      summary: 'Take work, or wait for it',
      description:
        'There is no body: one that names `goal`, `namespace`, `worker_id` or `capabilities` instead of the query is refused. What is taken is leased: it has to be settled with its `claim_token` before the lease runs out, else it goes to somebody else.',
      access: 'key',
      reads: [ClaimQuery],
      parameters: [
        ...query,
        alias('capability', 'capabilities', 'query', 'The same as `capabilities`, which wins.'),
        alias('X-Worker-ID', 'worker_id', 'header', 'Who asks. Wins over `worker_id`.'),
        alias('X-Worker-Capabilities', 'capabilities', 'header', 'Wins over `capabilities`.'),
        alias(
          'X-Worker-Capability',
          'capabilities',
          'header',
          'The same as `X-Worker-Capabilities`, which wins.',
        ),
      ],
      answers: {
        200: {
          description: 'One intent, or with `max` a list.',
          schema: either(ClaimAnswer, ClaimsAnswer),
          example: CLAIMED,
          links: {
            fulfill: report('fulfill', { result: 'done' }),
            fail: report('fail', { error: 'no network' }),
            extendClaim: report('extendClaim', { seconds: 60 }),
            recordProgress: report('recordProgress', { progress: 50 }),
          },
        },
        204: { description: 'There is nothing to take.', headers: ['Retry-After'] },
      },
      errors: ['invalid_goal', 'invalid_namespace', 'forbidden', 'draining'],
    },
  ]
}
