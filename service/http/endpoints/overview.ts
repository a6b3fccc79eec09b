import { seconds } from '../answers/answers.ts'
import { boolean, integer, list, named, number, object, orNull, string } from '../schemas/schema.ts'
import { depthFields, instant } from '../schemas/shapes.ts'
import type { Terms } from './definition.ts'
import { type Endpoint, endpoint } from './endpoint.ts'
import { MaintenanceAnswer, maintenanceOf } from './maintenance.ts'

/** Whoever may publish may also invent goals and namespaces, so there is an end to them. */
const GOALS_SHOWN = 50
export const NAMESPACES_SHOWN = 50

const OverviewAnswer = named(
  'OverviewAnswer',
  object({
    version: string(),
    now: instant(),
    started_at: instant(),
    uptime_seconds: number(),
    draining: boolean(),
    maintenance: MaintenanceAnswer,
    proxy_unknown: boolean({
      description: 'a request came with X-Forwarded-For, and BUS_TRUST_PROXY says that there is no proxy',
    }),
    short_secrets: list(string(), {
      description: 'settings whose secret is short enough to be guessed, such as DASHBOARD_PASSWORD',
    }),
    intents: object(depthFields),
    dead_letters: integer(),
    oldest_ready_age_seconds: orNull(number({ description: 'null: nothing is ready' })),
    waiting_claims: integer({ description: 'workers in a long poll' }),
    queued_operations: integer(),
    issued_keys: integer(),
    namespaces: list(object({ namespace: string(), ...depthFields })),
    namespace_count: integer({ description: 'namespaces is the busiest of them' }),
    goals: list(object({ namespace: string(), goal: string(), open: integer(), claimed: integer() }), {
      description: 'those with the most open and claimed intents',
    }),
    totals: object({
      published: integer(),
      claimed: integer(),
      fulfilled: integer(),
      failed: integer({ description: 'attempts that a worker reported as failed' }),
      lapsed: integer({ description: 'leases that ran out' }),
      dead: integer(),
    }),
  }),
)

/** The bus at a glance, for whoever looks every second: all of it is kept, nothing is counted for it. */
export const overviewEndpoints = (_terms: Terms): Endpoint[] => [
  endpoint({
    method: 'get',
    path: '/admin/overview',
    id: 'getOverview',
    tag: 'Admin',
    summary: 'See the bus at a glance',
    description: 'All of it is kept and nothing is counted for it: it may be asked every second.',
    access: 'admin',
    quiet: true,
    answers: {
      200: { description: 'How it is, and what it did since it was started.', schema: OverviewAnswer },
    },
  }).handledBy(({ settings, broker, keys, maintenance, proxies, metrics }) => {
    const startedAt = broker.now()
    return async () => {
      const [stats, namespaces, goals, totals] = await Promise.all([
        broker.store.stats(),
        broker.store.depths([], NAMESPACES_SHOWN),
        broker.store.busiestGoals(GOALS_SHOWN),
        metrics.totals(),
      ])
      const { oldestReadySince } = stats
      const now = broker.now()
      return {
        version: settings.version,
        now: seconds(now),
        started_at: seconds(startedAt),
        uptime_seconds: seconds(now - startedAt),
        draining: broker.draining,
        maintenance: maintenanceOf(maintenance.state),
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
    }
  }),
]
