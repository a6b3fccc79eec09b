import type { FastifyRequest } from 'fastify'
import { StoreWatch } from '../../metrics/store-watch.ts'
import type { RoomState } from '../../store/store.ts'
import { seconds } from '../answers/answers.ts'
import { boolean, exactly, list, named, object, string } from '../schemas/schema.ts'
import { instant } from '../schemas/shapes.ts'
import { EXAMPLE, type Terms } from './definition.ts'
import { type Endpoint, endpoint, SENT } from './endpoint.ts'
import type { Services } from './services.ts'

/** A probe waits this long for the store, and probes within this long share an answer: anybody may send them. */
const PROBE = { patienceMs: 1000, freshMs: 1000 }

const HealthAnswer = named('HealthAnswer', object({ ok: boolean(), ts: instant(), version: string() }))
const LiveAnswer = named('LiveAnswer', object({ ok: exactly(true) }))
const ReadyAnswer = named(
  'ReadyAnswer',
  object({
    ok: boolean(),
    reasons: list(string({ description: 'why it is not ready' })),
    warnings: list(string({ description: 'what does not keep it from being ready' })),
    maintenance: boolean({ description: 'no reason: admins still get in' }),
  }),
)

/** Each under its own path, and under the one that Kubernetes and many a probe ask for unless they are told another. */
export const healthEndpoints = ({ version }: Terms): Endpoint[] => [
  endpoint({
    method: 'get',
    path: '/health',
    aliases: [{ path: '/healthz', id: 'getHealthz' }],
    id: 'getHealth',
    tag: 'Health',
    summary: 'Ask whether it is there, what time it has and which version it is',
    access: 'open',
    quiet: true,
    answers: {
      200: {
        description: 'It is there.',
        schema: HealthAnswer,
        example: { ok: true, ts: EXAMPLE.at, version },
      },
    },
  }).handledBy(({ settings, wallNow }) => () => ({
    ok: true,
    ts: seconds(wallNow()),
    version: settings.version,
  })),

  endpoint({
    method: 'get',
    path: '/health/live',
    aliases: [{ path: '/livez', id: 'getLivez' }],
    id: 'getLiveness',
    tag: 'Health',
    summary: 'Ask whether the process runs',
    access: 'open',
    quiet: true,
    answers: { 200: { description: 'It runs.', schema: LiveAnswer, example: { ok: true } } },
  }).handledBy(
    // The process runs and answers: anything else is not for a restart to mend.
    () => () => ({ ok: true }),
  ),

  endpoint({
    method: 'get',
    path: '/health/ready',
    aliases: [{ path: '/readyz', id: 'getReadyz' }],
    id: 'getReadiness',
    tag: 'Health',
    summary: 'Ask whether it may be sent requests',
    access: 'open',
    quiet: true,
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
  }).handledBy(services => {
    const { broker, clock, maintenance } = services
    const store = new StoreWatch(() => broker.store.room(), clock, PROBE)
    const sayIfNew = newsOfReadiness()
    return async ({ request, reply }) => {
      const state = await readiness(services, store)
      sayIfNew(state, request)
      const ok = state.reasons.length === 0
      if (!ok) reply.code(503)
      return { ok, ...state, maintenance: maintenance.on }
    }
  }),

  endpoint({
    method: 'get',
    path: '/metrics',
    id: 'getMetrics',
    tag: 'Health',
    summary: 'Read the metrics, for Prometheus',
    access: 'metrics',
    quiet: true,
    answers: {
      200: { description: 'The text format of Prometheus.', media: 'text/plain', schema: string() },
    },
  }).handledBy(({ metrics }) => async ({ reply }) => {
    const text = await metrics.text()
    reply.header('content-type', metrics.contentType).send(text)
    return SENT
  }),
]

/** `warnings` do not keep requests away. */
type Readiness = { reasons: string[]; warnings: string[] }

/**
 * Maintenance is no reason: the operator wished for it, and a proxy that takes the bus out of service for it would
 * shut out the admins whom it is meant for, and replace the bus's own 503 and its Retry-After. Nor is a disk that is low: claims,
 * results and admin calls work, and whatever waits for a healthy bus (a proxy, the monitoring) is needed most then. Nor is damage: most
 * of the bus works, and a restart, which some make of a 503 here, would end that.
 */
async function readiness({ broker }: Services, store: StoreWatch<RoomState>): Promise<Readiness> {
  const reasons: string[] = []
  const warnings: string[] = []
  if (broker.draining) reasons.push('draining')
  try {
    const { isLow, isSpent } = await store.look()
    if (isLow) warnings.push('disk_low')
    if (isSpent) warnings.push('disk_full')
    const { intents, parts } = broker.store.damage
    if (intents + parts.length > 0) warnings.push('store_damaged')
  } catch {
    reasons.push('store_unavailable')
  }
  return { reasons, warnings }
}

/** Probes come every few seconds; the log gets a line when their answer changes. */
function newsOfReadiness() {
  let lastSaid = ''
  return ({ reasons, warnings }: Readiness, { log, id }: FastifyRequest): void => {
    const said = [...reasons, ...warnings].join()
    if (said === lastSaid) return
    lastSaid = said
    if (reasons.length > 0) log.warn({ reqId: id, reasons }, 'not ready')
    else if (warnings.length > 0) log.warn({ reqId: id, warnings }, 'ready, with warnings')
    else log.info({ reqId: id }, 'ready again')
  }
}
