import { HealthAnswer, LiveAnswer, ReadyAnswer } from '../../schemas/responses.ts'
import { string } from '../../schemas/schema.ts'
import { EXAMPLE, type Operation, type Terms } from '../operation.ts'

/** The same call under the path that Kubernetes has for it. */
const alias = (operation: Operation, path: string, id: string): Operation => ({
  ...operation,
  path,
  id,
  description: `The same as \`${operation.path}\`.`,
})

export function healthOperations(terms: Terms): Operation[] {
  const [health, live, ready, ...rest] = operations(terms) as [Operation, Operation, Operation, Operation]
  return [
    health,
    live,
    ready,
    alias(health, '/healthz', 'getHealthz'),
    alias(live, '/livez', 'getLivez'),
    alias(ready, '/readyz', 'getReadyz'),
    ...rest,
  ]
}

const operations = ({ version }: Terms): Operation[] => [
  {
    method: 'get',
    path: '/health',
    id: 'getHealth',
    tag: 'Health',
    summary: 'Ask whether it is there, what time it has and which version it is',
    access: 'open',
    answers: {
      200: {
        description: 'It is there.',
        schema: HealthAnswer,
        example: { ok: true, ts: EXAMPLE.at, version },
      },
    },
  },
  {
    method: 'get',
    path: '/health/live',
    id: 'getLiveness',
    tag: 'Health',
    summary: 'Ask whether the process runs',
    access: 'open',
    answers: { 200: { description: 'It runs.', schema: LiveAnswer, example: { ok: true } } },
  },
  {
    method: 'get',
    path: '/health/ready',
    id: 'getReadiness',
    tag: 'Health',
    summary: 'Ask whether it may be sent requests',
    access: 'open',
    answers: {
      200: {
        description:
          'It is ready. `warnings` may name `disk_low` (no new intents and values are taken), `disk_full` (only what deletes is carried out) and `store_damaged` (a part of the database cannot be read; what needs it is refused).',
        schema: ReadyAnswer,
        example: { ok: true, reasons: [], warnings: [], maintenance: false },
      },
      503: {
        description: 'It is not: `draining` or `store_unavailable`.',
        schema: ReadyAnswer,
        example: { ok: false, reasons: ['draining'], warnings: [], maintenance: false },
      },
    },
  },
  {
    method: 'get',
    path: '/metrics',
    id: 'getMetrics',
    tag: 'Health',
    summary: 'Read the metrics, for Prometheus',
    access: 'metrics',
    answers: {
      200: { description: 'The text format of Prometheus.', media: 'text/plain', schema: string() },
    },
  },
]
