import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { LIMITS } from '../limits.ts'
import {
  chosenBus as bus,
  deadLettersGained,
  errorRates,
  NO_WAITS,
  quantileOf,
  sumOf,
  TRAFFIC,
} from '../promql.ts'
import { dashboard, type Row } from './dashboard.ts'

const rate = (metric: string, ...matchers: string[]) => `rate(${bus(metric, ...matchers)}[$__rate_interval])`
const errors = errorRates(bus, '$__rate_interval')
const DURATIONS = bus('intent_bus_http_request_duration_seconds_bucket', NO_WAITS)
const latency = (quantile: number, ...by: string[]) =>
  quantileOf(quantile, ['instance', ...by], DURATIONS, '$__rate_interval')
const oldest = `max by (instance) (${bus('intent_bus_oldest_ready_age_seconds')})`

const WELL: Row = {
  title: 'Is it well?',
  stats: [
    {
      title: 'The bus',
      description: 'Whether the last scrape got an answer. With several buses chosen, the worst of them.',
      unit: 'none',
      queries: [{ expr: `min(${bus('up')})`, legend: 'up', ofAllBuses: true }],
      limits: { worry: 1, trouble: 0.5 },
      words: { 0: 'down', 1: 'up' },
      runbook: 'down',
    },
    {
      title: 'Alerts that fire',
      description: 'Rules of Prometheus that fire now, of all buses. Its page /alerts says which.',
      unit: 'short',
      queries: [
        {
          expr: 'count(ALERTS{alertname=~"IntentBus.+",alertstate="firing"}) or vector(0)',
          legend: 'alerts',
          ofAllBuses: true,
        },
      ],
      limits: { trouble: 1 },
      runbook: 'reading',
    },
    {
      title: 'Oldest ready intent',
      description:
        'How long the oldest intent that could be taken has been due. 0: nothing waits. Backoffs between its attempts are included.',
      unit: 's',
      queries: [{ expr: oldest, legend: '' }],
      limits: { worry: LIMITS.unclaimedAge, trouble: LIMITS.oldestReadyAge },
      runbook: 'oldest',
    },
    {
      title: 'New dead letters, 15 minutes',
      description: 'Jobs that were given up. Those that an admin made by cancelling do not count.',
      unit: 'short',
      queries: [{ expr: deadLettersGained(bus), legend: '' }],
      limits: { trouble: 1 },
      runbook: 'deadLetters',
    },
    {
      title: 'Requests that fail',
      description: 'Answered 5xx, of all requests but health checks and scrapes.',
      unit: 'percentunit',
      queries: [{ expr: `${errors.failing} / ${errors.all}`, legend: '' }],
      limits: { worry: 0.01, trouble: LIMITS.errorShare },
      runbook: 'errors',
    },
    {
      title: 'Latency, 99th percentile',
      description:
        'One request in a hundred takes longer. Long polls are left out: their wait was asked for.',
      unit: 's',
      queries: [{ expr: latency(0.99), legend: '' }],
      limits: { worry: 0.25, trouble: 1 },
      runbook: 'slowDisk',
    },
  ],
}

const HAPPENS: Row = {
  title: 'What happens?',
  series: [
    {
      title: 'Intents',
      description: 'Published, taken, done and failed, per second. In balance, the first three run together.',
      unit: 'cps',
      queries: [
        { expr: sumOf(rate('intent_bus_published_total')), legend: 'published' },
        { expr: sumOf(rate('intent_bus_claimed_total')), legend: 'claimed' },
        { expr: sumOf(rate('intent_bus_fulfilled_total')), legend: 'fulfilled' },
        { expr: sumOf(rate('intent_bus_failed_total')), legend: 'failed' },
      ],
      runbook: 'reading',
    },
    {
      title: 'Requests by status',
      description: 'Per second; health checks and scrapes are left out. 204 is a claim that found nothing.',
      unit: 'reqps',
      queries: [
        {
          expr: `sum by (instance, status) (${rate('intent_bus_http_request_duration_seconds_count', TRAFFIC)})`,
          legend: '{{status}}',
        },
      ],
      runbook: 'errors',
    },
  ],
}

const WAITS: Row = {
  title: 'What waits?',
  series: [
    {
      title: 'Open and claimed',
      description: 'Open: waiting for a worker, or for their time. Claimed: a worker has them.',
      unit: 'short',
      queries: [
        {
          expr: `sum by (instance, state) (${bus('intent_bus_depth', 'state=~"open|claimed"')})`,
          legend: '{{state}}',
        },
      ],
      runbook: 'oldest',
    },
    {
      title: 'Oldest ready intent',
      description: 'A line that climbs by a second per second: nobody takes it. Saw teeth: workers keep up.',
      unit: 's',
      queries: [{ expr: oldest, legend: '' }],
      limits: { worry: LIMITS.unclaimedAge, trouble: LIMITS.oldestReadyAge },
      runbook: 'oldest',
    },
    {
      title: 'Kept: fulfilled and dead',
      description: 'What has ended and is kept for a while, seven days by default.',
      unit: 'short',
      queries: [
        {
          expr: `sum by (instance, state) (${bus('intent_bus_depth', 'state=~"fulfilled|dead"')})`,
          legend: '{{state}}',
        },
      ],
      runbook: 'diskFull',
    },
    {
      title: 'Waiting workers',
      description: 'Workers in a long poll. None, and work that waits: they are off or cannot reach the bus.',
      unit: 'short',
      queries: [{ expr: sumOf(bus('intent_bus_waiting_claims')), legend: 'waiting' }],
      runbook: 'oldest',
    },
  ],
}

const WRONG: Row = {
  title: 'What goes wrong?',
  series: [
    {
      title: 'Dead letters by reason',
      description:
        'Per hour. max_retries: the last attempt failed. expired: nobody took it in time. cancelled: an admin.',
      unit: 'short',
      queries: [
        {
          expr: `sum by (instance, reason) (increase(${bus('intent_bus_deaths_total')}[1h]))`,
          legend: '{{reason}}',
        },
      ],
      runbook: 'deadLetters',
    },
    {
      title: 'Refused',
      description:
        'Per second: over the rate limit, or without good credentials. A steady line is a client with an old key.',
      unit: 'reqps',
      queries: [
        { expr: sumOf(rate('intent_bus_rate_limited_total')), legend: 'rate limit' },
        {
          expr: `sum by (instance, kind) (${rate('intent_bus_auth_failures_total')})`,
          legend: 'bad {{kind}}',
        },
        { expr: sumOf(rate('intent_bus_stale_timestamps_total')), legend: 'wrong clock' },
      ],
      runbook: 'keys',
    },
  ],
}

const FAST: Row = {
  title: 'How fast is it?',
  series: [
    {
      title: 'Latency',
      description:
        'Of all requests but long polls, health checks and scrapes: half are faster, 5 % slower, 1 % slower.',
      unit: 's',
      queries: [
        { expr: latency(0.5), legend: '50 %' },
        { expr: latency(0.95), legend: '95 %' },
        { expr: latency(0.99), legend: '99 %' },
      ],
      limits: { worry: 0.25, trouble: 1 },
      runbook: 'slowDisk',
    },
    {
      title: 'Latency by call, 95th percentile',
      description: 'Writes wait for the disk, reads do not: when only writes are slow it is the disk.',
      unit: 's',
      queries: [{ expr: latency(0.95, 'method', 'route'), legend: '{{method}} {{route}}' }],
      runbook: 'slowDisk',
    },
  ],
}

/** Is it well? */
export const overview = (): Dashboard =>
  dashboard({
    uid: 'intent-bus-overview',
    title: 'Intent Bus / Overview',
    description: 'Is the bus well, and if not, where to look.',
    rows: [WELL, HAPPENS, WAITS, WRONG, FAST],
  })
