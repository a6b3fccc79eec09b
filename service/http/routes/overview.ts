import type { FastifyInstance } from 'fastify'
import { seconds, sendJson } from '../answers/answers.ts'
import type { OverviewAnswer } from '../schemas/responses.ts'
import { maintenanceAnswer } from './maintenance.ts'
import type { Parts } from './parts.ts'

/** Whoever may publish may also invent goals and namespaces, so there is an end to them. */
const GOALS_SHOWN = 50
export const NAMESPACES_SHOWN = 50

/** The bus at a glance, for whoever looks every second: all of it is kept, nothing is counted for it. */
export function overviewRoutes(app: FastifyInstance, parts: Parts): void {
  const { settings, broker, keys, maintenance, proxies, metrics } = parts
  const startedAt = broker.now()

  app.get('/admin/overview', { config: { access: 'admin', quiet: true } }, async (_request, reply) => {
    const [stats, namespaces, goals, totals] = await Promise.all([
      broker.store.stats(),
      broker.store.depths([], NAMESPACES_SHOWN),
      broker.store.busiestGoals(GOALS_SHOWN),
      metrics.totals(),
    ])
    const { oldestReadySince } = stats
    const now = broker.now()
    const overview: OverviewAnswer = {
      version: settings.version,
      now: seconds(now),
      started_at: seconds(startedAt),
      uptime_seconds: seconds(now - startedAt),
      draining: broker.draining,
      maintenance: maintenanceAnswer(maintenance.state),
      proxy_unknown: proxies.seen,
      short_secrets: Object.keys(settings.shortSecrets).filter(name => settings.shortSecrets[name]),
      intents: stats.totals,
      dead_letters: stats.totals.dead,
      oldest_ready_age_seconds:
        oldestReadySince === null ? null : seconds(Math.max(0, now - oldestReadySince)),
      waiting_claims: broker.waiting,
      queued_operations: broker.queued,
      issued_keys: keys.size,
      namespaces,
      namespace_count: stats.namespaces,
      goals,
      totals,
    }
    return sendJson(reply, JSON.stringify(overview))
  })
}
