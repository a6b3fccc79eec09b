import type { FastifyInstance } from 'fastify'
import { WIRE_STATES } from '../../intent/lifecycle.ts'
import { seconds, sendJson } from '../answers.ts'
import { busiest, total } from '../depth.ts'
import type { OverviewAnswer } from '../schemas/responses.ts'
import { maintenanceAnswer } from './maintenance.ts'
import type { Parts } from './parts.ts'

/** Whoever may publish may also invent goals, so there is an end to them. */
const GOALS_SHOWN = 50

/** The bus at a glance, for whoever looks every second: all of it is kept, nothing is counted for it. */
export function overviewRoutes(app: FastifyInstance, parts: Parts): void {
  const { settings, broker, keys, maintenance, proxies, metrics } = parts
  const startedAt = broker.now()

  app.get('/admin/overview', { config: { access: 'admin', quiet: true } }, async (_request, reply) => {
    const [stats, goals, totals] = await Promise.all([
      broker.store.stats(),
      broker.store.busiestGoals(GOALS_SHOWN),
      metrics.totals(),
    ])
    const { depth, oldestReadySince } = stats
    const now = broker.now()
    const overview: OverviewAnswer = {
      version: settings.version,
      now: seconds(now),
      started_at: seconds(startedAt),
      uptime_seconds: seconds(now - startedAt),
      draining: broker.draining,
      maintenance: maintenanceAnswer(maintenance.state),
      proxy_unknown: proxies.seen,
      intents: Object.fromEntries(
        WIRE_STATES.map(state => [state, total(depth, state)]),
      ) as OverviewAnswer['intents'],
      dead_letters: total(depth, 'dead'),
      oldest_ready_age_seconds:
        oldestReadySince === null ? null : seconds(Math.max(0, now - oldestReadySince)),
      waiting_claims: broker.waiting,
      queued_operations: broker.queued,
      issued_keys: keys.size,
      namespaces: busiest(depth),
      namespace_count: depth.length,
      goals,
      totals,
    }
    return sendJson(reply, JSON.stringify(overview))
  })
}
