import type { BackupObserver } from '../backup/backups.ts'
import type { Observer } from '../broker/observer.ts'
import { systemClock } from '../clock.ts'
import { AUTH_FAILURES, type AuthFailure } from '../http/guard.ts'
import { type ConnectionsObserver, DISPLACED, REFUSALS } from '../http/limits/connections.ts'
import { CAUSES, WIRE_STATES } from '../intent/lifecycle.ts'
import type { Counts, Depth } from '../store/records.ts'
import type { DamageState, Stats } from '../store/store.ts'
import { backupMetrics } from './backups.ts'
import type { Series } from './histogram.ts'
import { NamespaceLabels, OTHER } from './namespaces.ts'
import { CatalogueRegistry } from './registry.ts'
import { StoreWatch } from './store-watch.ts'

/** What is looked up when somebody scrapes. */
type Sources = {
  stats(): Promise<Stats>
  /** Of these namespaces, and of so many of the busiest others. */
  depths(names: readonly string[], most: number): Promise<Depth[]>
  damage(): DamageState
  queued(): number
  waitingClaims(): number
  /** The same, by namespace. */
  waitingByNamespace(): Map<string, number>
  issuedKeys(): number
  isInMaintenance(): boolean
  /** That are open. */
  connections(): number
  shortSecrets: Readonly<Record<string, boolean>>
  /** Bus time in ms. */
  now(): number
}

/** Everything the bus tells about itself in numbers. The broker and the HTTP side report to it; `text` is the scrape. */
export interface Metrics extends Observer, ConnectionsObserver {
  readonly contentType: string
  readonly backups: BackupObserver
  /** @param route the route's template, never the URL */
  requestDone(method: string, route: string, status: number, durationMs: number): void
  rateLimited(): void
  longPollRefused(): void
  authFailed(kind: AuthFailure): void
  /** A signed request whose clock is too far from ours; it fails as a signature too. */
  timestampStale(): void
  watch(sources: Sources): void
  text(): Promise<string>
  totals(): Promise<Totals>
}

/** What happened since the start, in all namespaces. */
type Totals = Record<keyof typeof TOTALS, number>

export type MetricsOptions = {
  version: string
  patienceMs?: number
  /** Log lines that could not be written since the start. */
  droppedLogLines?: () => number
}

const NAMESPACED = [
  'published_total',
  'claimed_total',
  'fulfilled_total',
  'failed_total',
  'retried_total',
  'leases_expired_total',
] as const
type Events = Record<(typeof NAMESPACED)[number], number>
const nothing = () => Object.fromEntries(NAMESPACED.map(name => [name, 0])) as Events

/** By the name operators see, the counter that has it. */
const TOTALS = {
  published: 'published_total',
  claimed: 'claimed_total',
  fulfilled: 'fulfilled_total',
  failed: 'failed_total',
  lapsed: 'leases_expired_total',
  dead: 'deaths_total',
} as const

/** @param patienceMs how long a scrape waits for the store. Prometheus itself gives up after 10 s. */
export function createMetrics({
  version,
  patienceMs = 3000,
  droppedLogLines = () => 0,
}: MetricsOptions): Metrics {
  const all = new CatalogueRegistry()
  const byNamespace = Object.fromEntries(
    NAMESPACED.map(name => [name, all.counter(name)] as const),
  ) as Record<(typeof NAMESPACED)[number], ReturnType<CatalogueRegistry['counter']>>
  const deaths = all.counter('deaths_total')
  const emptyClaims = all.counter('claims_empty_total')
  const replays = all.counter('idempotent_replays_total')
  const limited = all.counter('rate_limited_total')
  const authFailures = all.counter('auth_failures_total')
  const staleTimestamps = all.counter('stale_timestamps_total')
  const refused = all.counter('connections_refused_total')
  const displaced = all.counter('connections_displaced_total')
  const pollsRefused = all.counter('long_polls_refused_total')
  const storageFailures = all.counter('storage_failures_total')
  const lostLines = all.counter('log_lines_dropped_total')
  let lostLinesSeen = 0
  const commitDuration = all.histogram('commit_duration_seconds')
  const commitOperations = all.histogram('commit_operations')
  let sources: (Sources & { store: StoreWatch<[Stats, Depth[]]> }) | null = null

  /** By namespace. What was counted since somebody looked: counting takes 10 ns here, and 100 in prom-client's series. */
  const known = new Map<string, { unseen: Events; toClaim: Series; toSettle: Series }>()
  // A counter that first appears at 3 hides its first three from `increase()`: all that can be known starts at 0.
  const namespaces = new NamespaceLabels(namespace => {
    for (const name of NAMESPACED) byNamespace[name].inc({ namespace }, 0)
    const series = (name: string) => all.histogram(name, `namespace="${namespace}"`)
    known.set(namespace, {
      unseen: nothing(),
      toClaim: series('publish_to_claim_seconds'),
      toSettle: series('claim_to_settle_seconds'),
    })
    for (const reason of CAUSES) deaths.inc({ reason, namespace }, 0)
  })
  namespaces.of('default')
  for (const kind of AUTH_FAILURES) authFailures.inc({ kind }, 0)
  for (const limit of REFUSALS) refused.inc({ limit }, 0)
  for (const state of DISPLACED) displaced.inc({ state }, 0)
  for (const reason of ['full', 'failed', 'damaged']) storageFailures.inc({ reason }, 0)
  all.gauge('build_info').set({ version, node: process.versions.node }, 1)

  function count(name: (typeof NAMESPACED)[number], namespace: string) {
    const counted = known.get(namespaces.of(namespace))!
    counted.unseen[name] += 1
    return counted
  }

  function tellUnseen(): void {
    for (const [namespace, counted] of known) {
      for (const name of NAMESPACED) byNamespace[name].inc({ namespace }, counted.unseen[name])
      counted.unseen = nothing()
    }
  }

  const metrics: Metrics = {
    contentType: all.contentType,
    backups: backupMetrics(all),
    published(namespace, replayed) {
      if (replayed) replays.inc()
      else count('published_total', namespace)
    },
    claimed(namespace, waitedMs) {
      count('claimed_total', namespace).toClaim.observe(waitedMs / 1000)
    },
    claimedNothing: () => emptyClaims.inc(),
    fulfilled(namespace, heldMs) {
      count('fulfilled_total', namespace).toSettle.observe(heldMs / 1000)
    },
    failed(namespace, heldMs) {
      count('failed_total', namespace).toSettle.observe(heldMs / 1000)
    },
    retried(namespace) {
      count('retried_total', namespace)
    },
    leaseExpired(namespace) {
      count('leases_expired_total', namespace)
    },
    died(letters) {
      for (const { namespace, cause } of letters) {
        // The label is older than the name that the answers have for it.
        deaths.inc({ reason: cause, namespace: namespaces.of(namespace) })
      }
    },
    committed(durationMs, operations) {
      commitDuration.observe(durationMs / 1000)
      commitOperations.observe(operations)
    },
    storageFailed: reason => storageFailures.inc({ reason }),
    rateLimited: () => limited.inc(),
    longPollRefused: () => pollsRefused.inc(),
    connectionRefused: limit => refused.inc({ limit }),
    connectionDisplaced: state => displaced.inc({ state }),
    authFailed: kind => authFailures.inc({ kind }),
    timestampStale: () => staleTimestamps.inc(),
    requestDone(method, route, status, durationMs) {
      all.requests.observe(method, route, status, durationMs / 1000)
    },
    watch(found) {
      const ask = () => Promise.all([found.stats(), found.depths(namespaces.known, namespaces.room)])
      const store = new StoreWatch(ask, systemClock(), { patienceMs, freshMs: 0 })
      sources = { ...found, store }
      for (const [name, isShort] of Object.entries(found.shortSecrets)) {
        all.gauge('short_secrets').set({ name }, isShort ? 1 : 0)
      }
    },
    async text() {
      if (sources !== null) await look(sources)
      tellUnseen()
      lostLines.inc(droppedLogLines() - lostLinesSeen)
      lostLinesSeen = droppedLogLines()
      return all.text()
    },
    async totals() {
      tellUnseen()
      const found = Object.entries(TOTALS).map(async ([name, counter]) => {
        const { values } = await all.counter(counter).get()
        return [name, values.reduce((sum, { value }) => sum + value, 0)]
      })
      return Object.fromEntries(await Promise.all(found)) as Totals
    },
  }
  return metrics

  async function look(from: Sources & { store: StoreWatch<[Stats, Depth[]]> }): Promise<void> {
    all.gauge('connections').set(from.connections())
    all.gauge('queued_operations').set(from.queued())
    all.gauge('waiting_claims').set(from.waitingClaims())
    showWaiting(from.waitingByNamespace())
    all.gauge('tester_keys_total').set(from.issuedKeys())
    all.gauge('maintenance').set(from.isInMaintenance() ? 1 : 0)
    const { intents, parts } = from.damage()
    all.gauge('store_damaged').set(intents + parts.length > 0 ? 1 : 0)
    all.gauge('set_aside_intents').set(intents)
    let stats: Stats
    let depths: Depth[]
    try {
      ;[stats, depths] = await from.store.look()
    } catch {
      // The scrape that shows the store is down must not fail because of it.
      all.gauge('store_up').set(0)
      return
    }
    all.gauge('store_up').set(1)
    all.gauge('lanes').set(stats.lanes)
    all.gauge('wal_bytes').set(stats.walBytes)
    all.gauge('database_bytes').set(stats.databaseBytes)
    all.gauge('database_free_bytes').set(stats.room.databaseFreeBytes)
    all.gauge('disk_free_bytes').set(stats.room.diskFreeBytes)
    all.gauge('disk_put_by_bytes').set(stats.room.putByBytes)
    all.gauge('disk_low').set(stats.room.isLow ? 1 : 0)
    all.gauge('disk_full').set(stats.room.isSpent ? 1 : 0)
    all.gauge('oldest_ready_age_seconds').set(ageMs(stats.oldestReadySince, from.now()) / 1000)
    showDepth(stats.totals, depths)
  }

  function showWaiting(waiting: Map<string, number>): void {
    const gauge = all.gauge('namespace_waiting_claims')
    gauge.reset()
    for (const namespace of known.keys()) gauge.set({ namespace }, 0)
    for (const [namespace, workers] of waiting) gauge.inc({ namespace: namespaces.of(namespace) }, workers)
  }

  /** @param depths of the namespaces with a label of their own; what the totals have beyond these is `other` */
  function showDepth(totals: Counts, depths: readonly Depth[]): void {
    const total = all.gauge('depth')
    const perNamespace = all.gauge('namespace_depth')
    const reference = all.gauge('intents_total')
    for (const gauge of [total, perNamespace, reference]) gauge.reset()
    for (const state of WIRE_STATES) {
      total.set({ state }, totals[state])
      const show = (namespace: string, count: number) => {
        perNamespace.set({ namespace, state }, count)
        reference.set({ status: state, namespace }, count)
      }
      show('default', 0)
      let others = totals[state]
      for (const of of depths) {
        show(namespaces.of(of.namespace), of[state])
        others -= of[state]
      }
      if (others > 0) show(namespaces.of(OTHER), others)
    }
    all.gauge('dead_letters_total').set(totals.dead)
  }
}

const ageMs = (since: number | null, now: number): number => (since === null ? 0 : Math.max(0, now - since))
