import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { LIMITS } from '../limits.ts'
import { backupAge, chosenBus as bus, quantileOf, sumOf } from '../promql.ts'
import { dashboard, type Row } from './dashboard.ts'

const rate = (metric: string, ...matchers: string[]) => `rate(${bus(metric, ...matchers)}[$__rate_interval])`
const commit = (share: number, metric = 'intent_bus_commit_duration_seconds') =>
  quantileOf(share, ['instance'], bus(`${metric}_bucket`), '$__rate_interval')
const GIB = 1024 ** 3

const HOLDS: Row = {
  title: 'Does it hold?',
  stats: [
    {
      title: 'Commit, 99th percentile',
      description: 'One group commit, its sync to disk included. Every answer to a write waits for one.',
      unit: 's',
      queries: [{ expr: commit(0.99), legend: '' }],
      limits: { worry: 0.1, trouble: LIMITS.commitP99 },
      runbook: 'slowDisk',
    },
    {
      title: 'Free disk',
      description: 'On the disk of the database. Below 64 MiB the bus takes no new intents and values.',
      unit: 'bytes',
      queries: [{ expr: bus('intent_bus_disk_free_bytes'), legend: '' }],
      limits: { worry: GIB, trouble: LIMITS.diskFreeBytes },
      runbook: 'diskFull',
    },
    {
      title: 'Damage in the database',
      description: 'Whether a page of the database cannot be read. Read the page before you restart the bus.',
      unit: 'none',
      queries: [{ expr: bus('intent_bus_store_damaged'), legend: '' }],
      limits: { trouble: 1 },
      words: { 0: 'none', 1: 'damaged' },
      runbook: 'damage',
    },
    {
      title: 'Intents set aside',
      description: 'Intents that no worker gets, because a damaged page keeps them from being read.',
      unit: 'short',
      queries: [{ expr: bus('intent_bus_set_aside_intents'), legend: '' }],
      limits: { trouble: 1 },
      runbook: 'damage',
    },
    {
      title: 'Age of the newest backup',
      description: 'Of the newest that was verified. Without any, how long the bus has run without.',
      unit: 's',
      queries: [{ expr: backupAge(bus), legend: '' }],
      limits: { worry: LIMITS.backupAge - 3600, trouble: LIMITS.backupAge },
      runbook: 'backups',
    },
    {
      title: 'Event loop lag, 99th percentile',
      description: 'Time between two looks at the clock, which are 50 ms apart: 50 ms is no lag at all.',
      unit: 's',
      queries: [{ expr: bus('nodejs_eventloop_lag_p99_seconds'), legend: '' }],
      limits: { worry: 0.1, trouble: 0.5 },
      runbook: 'slowDisk',
    },
    {
      title: 'Memory',
      description: 'What the process takes of the machine.',
      unit: 'bytes',
      queries: [{ expr: bus('process_resident_memory_bytes'), legend: '' }],
      runbook: 'down',
    },
    {
      title: 'Running since',
      description: 'Time since the bus was started. Small, and nobody started it: it fell over.',
      unit: 's',
      queries: [{ expr: `time() - ${bus('process_start_time_seconds')}`, legend: '' }],
      runbook: 'down',
    },
  ],
}

const DISK: Row = {
  title: 'How is the disk?',
  series: [
    {
      title: 'Commit',
      description: 'Half of the commits are faster, 5 % slower, 1 % slower.',
      unit: 's',
      queries: [
        { expr: commit(0.5), legend: '50 %' },
        { expr: commit(0.95), legend: '95 %' },
        { expr: commit(0.99), legend: '99 %' },
      ],
      limits: { worry: 0.1, trouble: LIMITS.commitP99 },
      runbook: 'slowDisk',
    },
    {
      title: 'Operations in a commit',
      description:
        'The busier the bus, the more share one sync. Waiting: operations that the next commit will take.',
      unit: 'short',
      queries: [
        {
          expr: `${sumOf(rate('intent_bus_commit_operations_sum'))} / ${sumOf(rate('intent_bus_commit_operations_count'))}`,
          legend: 'on average',
        },
        { expr: commit(0.95, 'intent_bus_commit_operations'), legend: '95 %' },
        { expr: bus('intent_bus_queued_operations'), legend: 'waiting' },
      ],
      runbook: 'slowDisk',
    },
    {
      title: 'Commits',
      description: 'Per second; failed ones were refused with 503.',
      unit: 'ops',
      queries: [
        { expr: sumOf(rate('intent_bus_commit_duration_seconds_count')), legend: 'done' },
        {
          expr: `sum by (instance, reason) (${rate('intent_bus_storage_failures_total')})`,
          legend: 'not done: {{reason}}',
        },
      ],
      runbook: 'storage',
    },
    {
      title: 'Write-ahead log',
      description: 'Copied into the database from 16 MiB on; 64 MiB is its bound.',
      unit: 'bytes',
      queries: [{ expr: bus('intent_bus_wal_bytes'), legend: 'log' }],
      limits: { trouble: LIMITS.walBytes },
      runbook: 'wal',
    },
    {
      title: 'Free disk, now and in 24 hours',
      description:
        'The second line is where the last 6 hours lead. Below 64 MiB the bus takes no new intents.',
      unit: 'bytes',
      queries: [
        { expr: bus('intent_bus_disk_free_bytes'), legend: 'now' },
        {
          expr: `clamp_min(predict_linear(${bus('intent_bus_disk_free_bytes')}[6h], 86400), 0)`,
          legend: 'in 24 hours',
        },
      ],
      limits: { worry: GIB, trouble: LIMITS.diskFreeBytes },
      runbook: 'diskFull',
    },
    {
      title: 'Database',
      description:
        'Grows with what is kept. Room of deleted rows (the second line) is used again; the file shrinks after a purge of everything.',
      unit: 'bytes',
      queries: [
        { expr: bus('intent_bus_database_bytes'), legend: 'database' },
        { expr: bus('intent_bus_database_free_bytes'), legend: 'free inside it' },
      ],
      runbook: 'diskFull',
    },
  ],
}

const PROCESS: Row = {
  title: 'How is the process?',
  series: [
    {
      title: 'Event loop lag',
      description:
        'Time between two looks at the clock. 50 ms is no lag at all; more: the processor is busy.',
      unit: 's',
      queries: [
        { expr: bus('nodejs_eventloop_lag_p50_seconds'), legend: '50 %' },
        { expr: bus('nodejs_eventloop_lag_p99_seconds'), legend: '99 %' },
      ],
      limits: { worry: 0.1, trouble: 0.5 },
      runbook: 'slowDisk',
    },
    {
      title: 'Processor',
      description: 'Seconds of a core per second. The bus uses little more than one core for its requests.',
      unit: 'percentunit',
      queries: [{ expr: rate('process_cpu_seconds_total'), legend: 'used' }],
      runbook: 'slowDisk',
    },
    {
      title: 'Memory',
      description:
        'Of the process, and of it the heap of JavaScript. A line that climbs for days is worth a report.',
      unit: 'bytes',
      queries: [
        { expr: bus('process_resident_memory_bytes'), legend: 'process' },
        { expr: bus('nodejs_heap_size_used_bytes'), legend: 'heap' },
      ],
      runbook: 'down',
    },
    {
      title: 'Open files and starts',
      description:
        'Connections are files, too: a long poll is one. Starts: in the last 15 minutes, beyond the first.',
      unit: 'short',
      queries: [
        { expr: bus('process_open_fds'), legend: 'open files' },
        { expr: `changes(${bus('process_start_time_seconds')}[15m])`, legend: 'starts' },
      ],
      runbook: 'down',
    },
  ],
}

const BACKUPS: Row = {
  title: 'Are there backups?',
  series: [
    {
      title: 'Backups in a day',
      description: 'That the bus began, by how they ended.',
      unit: 'short',
      queries: [
        {
          expr: `sum by (instance, outcome) (increase(${bus('intent_bus_backups_total')}[1d]))`,
          legend: '{{outcome}}',
        },
      ],
      runbook: 'backups',
    },
    {
      title: 'Size of the newest backup',
      description: 'Packed. A sudden fall is worth a look before the older ones are gone.',
      unit: 'bytes',
      queries: [{ expr: bus('intent_bus_last_backup_bytes'), legend: 'newest' }],
      runbook: 'backups',
    },
    {
      title: 'How long the newest backup took',
      description: 'Its check included. Requests go on meanwhile.',
      unit: 's',
      queries: [{ expr: bus('intent_bus_last_backup_duration_seconds'), legend: 'newest' }],
      runbook: 'backups',
    },
    {
      title: 'Age of the newest backup',
      description: 'Saw teeth as high as the time between two backups.',
      unit: 's',
      queries: [{ expr: backupAge(bus), legend: 'age' }],
      limits: { worry: LIMITS.backupAge - 3600, trouble: LIMITS.backupAge },
      runbook: 'backups',
    },
  ],
}

/** Does what is under it hold? */
export const host = (): Dashboard =>
  dashboard({
    uid: 'intent-bus-host',
    title: 'Intent Bus / Host',
    description: 'The disk, the process and the backups under the bus.',
    rows: [HOLDS, DISK, PROCESS, BACKUPS],
  })
