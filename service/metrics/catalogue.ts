/**
 * Every metric of the bus: the names are an API, and docs/metrics.md is generated from this list. Base units, `_total` on
 * what only grows, route templates and never ids as labels. The process's own (CPU, memory, event-loop lag) come from
 * prom-client under their usual names.
 */
export type MetricKind = 'counter' | 'gauge' | 'histogram'
export type MetricEntry = {
  name: string
  kind: MetricKind
  help: string
  labels: readonly string[]
  buckets?: readonly number[]
}

const FAST = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const SLOW = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 21_600, 86_400]
const SYNC = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
const SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]

const counter = (name: string, labels: readonly string[], help: string): MetricEntry => ({
  name: `intent_bus_${name}`,
  kind: 'counter',
  labels,
  help,
})
const gauge = (name: string, labels: readonly string[], help: string): MetricEntry => ({
  name: `intent_bus_${name}`,
  kind: 'gauge',
  labels,
  help,
})
const histogram = (
  name: string,
  labels: readonly string[],
  buckets: readonly number[],
  help: string,
): MetricEntry => ({ name: `intent_bus_${name}`, kind: 'histogram', labels, buckets, help })

export const METRICS: readonly MetricEntry[] = [
  histogram(
    'http_request_duration_seconds',
    ['method', 'route', 'status'],
    FAST,
    'From when the headers were read to the end of the answer',
  ),
  counter('published_total', ['namespace'], 'Intents published; idempotent repeats are not among them'),
  counter('claimed_total', ['namespace'], 'Claims that got an intent'),
  counter('claims_empty_total', [], 'Claims that found nothing to take'),
  counter('fulfilled_total', ['namespace'], 'Intents fulfilled'),
  counter('failed_total', ['namespace'], 'Attempts that a worker reported as failed'),
  counter(
    'retried_total',
    ['namespace'],
    'Attempts that ended in another one, after a failure or a lost lease',
  ),
  counter('leases_expired_total', ['namespace'], 'Leases that ran out'),
  counter('deaths_total', ['reason', 'namespace'], 'Intents that became dead letters'),
  histogram('publish_to_claim_seconds', ['namespace'], SLOW, 'From when an intent was due to its claim'),
  histogram('claim_to_settle_seconds', ['namespace'], SLOW, 'From claim to fulfil or fail'),

  gauge('depth', ['state'], 'Intents kept, by state'),
  gauge('namespace_depth', ['namespace', 'state'], 'Intents kept, by namespace and state'),
  gauge('oldest_ready_age_seconds', [], 'How long the oldest ready intent has been due; 0: nothing is ready'),
  gauge('lanes', [], 'Distinct routes among the intents kept'),
  gauge('waiting_claims', [], 'Workers waiting for work in a long poll'),
  gauge('namespace_waiting_claims', ['namespace'], 'The same, by the namespace they ask for'),
  gauge('connections', [], 'Open connections'),
  counter(
    'connections_refused_total',
    ['limit'],
    'Connections closed at once because no room could be made: in all, or for their address',
  ),
  counter(
    'connections_displaced_total',
    ['state'],
    'Connections that made room for a new one: idle ones, slow ones that did not send their body or read their answer, and waiting ones, which were answered early',
  ),
  counter('long_polls_refused_total', [], 'Requests answered 429 because too many of their key were waiting'),
  gauge('queued_operations', [], 'Operations waiting for the next commit'),
  gauge('maintenance', [], '1: all but admins are answered 503 maintenance'),

  histogram('commit_duration_seconds', [], SYNC, 'One group commit, its sync to disk included'),
  histogram('commit_operations', [], SIZES, 'Operations in one group commit'),
  counter(
    'storage_failures_total',
    ['reason'],
    'Commits, or single operations of one, that did not happen; full: no room on the disk',
  ),
  gauge(
    'store_up',
    [],
    '1: the store answered this scrape; 0: it did not, and its gauges are the last ones known',
  ),
  gauge('wal_bytes', [], 'Size of the write-ahead log'),
  gauge('database_bytes', [], 'Size of the database'),
  gauge('database_free_bytes', [], 'Room inside the database, which is used before it grows'),
  gauge('disk_free_bytes', [], 'Room left on the disk of the database'),
  gauge('disk_put_by_bytes', [], 'Room put by for a full disk; 0: given up, or not made yet'),
  gauge(
    'disk_low',
    [],
    '1: new intents and values are refused, until there is room (BUS_MIN_FREE_DISK_BYTES)',
  ),
  gauge('disk_full', [], '1: only what deletes is carried out, until there is room'),
  gauge(
    'store_damaged',
    [],
    '1: a part of the database cannot be read; what needs it is refused, until it is repaired',
  ),
  gauge('set_aside_intents', [], 'Intents that no worker gets because they cannot be read'),

  counter(
    'log_lines_dropped_total',
    [],
    'Log lines that could not be written: no room on the disk, or nobody reads them',
  ),

  gauge(
    'last_backup_success_timestamp_seconds',
    [],
    'Of what moment the newest verified backup is, in unix seconds; 0: there is none',
  ),
  gauge('last_backup_bytes', [], 'Size of the newest backup, packed'),
  gauge(
    'last_backup_duration_seconds',
    [],
    'How long it took, its check included; 0: none was made since the start',
  ),
  counter('backups_total', ['outcome'], 'Backups begun by the bus: success or failure'),
  counter('backup_uploads_total', ['outcome'], 'Backups sent to the bucket: success or failure'),

  counter('rate_limited_total', [], 'Requests answered 429 rate_limited'),
  counter('auth_failures_total', ['kind'], 'Requests without good credentials'),
  counter(
    'stale_timestamps_total',
    [],
    'Signed requests whose clock was more than 300 s off; they fail as signatures too',
  ),
  counter('idempotent_replays_total', [], 'Publishes answered with the id of an earlier one'),

  gauge(
    'intents_total',
    ['status', 'namespace'],
    'The same as namespace_depth, under the name that the reference server has for it',
  ),
  gauge(
    'dead_letters_total',
    [],
    'Dead letters kept: a gauge, under the name that the reference server has for it',
  ),
  gauge('tester_keys_total', [], 'API keys issued, under the name that the reference server has for it'),
  gauge('short_secrets', ['name'], '1: the secret is short enough to be guessed; 0: it is long enough'),
  gauge('build_info', ['version', 'node'], 'Always 1; the labels say what runs'),
]
