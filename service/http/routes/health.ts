import type { FastifyInstance, FastifyRequest, RouteHandlerMethod } from 'fastify'
import { StoreWatch } from '../../metrics/store-watch.ts'
import { seconds, sendJson } from '../answers/answers.ts'
import type { Parts } from './parts.ts'

const OPEN = { config: { access: 'open', quiet: true } } as const

/** A probe waits this long for the store, and probes within this long share an answer: anybody may send them. */
const PROBE = { patienceMs: 1000, freshMs: 1000 }

/** `warnings` do not keep requests away. */
type Readiness = { reasons: string[]; warnings: string[] }

export function healthRoutes(app: FastifyInstance, parts: Parts): void {
  const { settings, broker, maintenance, clock, wallNow } = parts
  const store = new StoreWatch(() => broker.store.room(), clock, PROBE)
  let lastSaid = ''

  /** Under its own path, and under the one that Kubernetes and many a probe ask for unless they are told another. */
  function probe(paths: readonly string[], answer: RouteHandlerMethod): void {
    for (const path of paths) app.get(path, OPEN, answer)
  }

  probe(['/health', '/healthz'], (_request, reply) =>
    sendJson(reply, JSON.stringify({ ok: true, ts: seconds(wallNow()), version: settings.version })),
  )

  /** The process runs and answers: anything else is not for a restart to mend. */
  probe(['/health/live', '/livez'], (_request, reply) => sendJson(reply, '{"ok":true}'))

  probe(['/health/ready', '/readyz'], async (request, reply) => {
    const state = await readiness()
    const ok = state.reasons.length === 0
    sayIfNew(state, request)
    return sendJson(reply.code(ok ? 200 : 503), JSON.stringify({ ok, ...state, maintenance: maintenance.on }))
  })

  /**
   * Maintenance is no reason: the operator wished for it, and a proxy that takes the bus out of service for it would
   * shut out the admins whom it is meant for, and replace the bus's own 503 and its Retry-After. Nor is a disk that is low: claims,
   * results and admin calls work, and whatever waits for a healthy bus (a proxy, the monitoring) is needed most then. Nor is damage: most
   * of the bus works, and a restart, which some make of a 503 here, would end that.
   */
  async function readiness(): Promise<Readiness> {
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
  function sayIfNew({ reasons, warnings }: Readiness, { log, id }: FastifyRequest): void {
    const said = [...reasons, ...warnings].join()
    if (said === lastSaid) return
    lastSaid = said
    if (reasons.length > 0) log.warn({ reqId: id, reasons }, 'not ready')
    else if (warnings.length > 0) log.warn({ reqId: id, warnings }, 'ready, with warnings')
    else log.info({ reqId: id }, 'ready again')
  }
}
