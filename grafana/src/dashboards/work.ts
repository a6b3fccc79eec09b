import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { LIMITS } from '../limits.ts'
import type { Panel, Unit } from '../panels.ts'
import { chosenBus, quantileOf, sumOf } from '../promql.ts'
import type { Runbook } from '../runbooks.ts'
import { dashboard, type Row } from './dashboard.ts'

const bus = (metric: string, ...matchers: string[]) =>
  chosenBus(metric, 'namespace=~"$namespace"', ...matchers)
const perSecond = (metric: string) => `rate(${bus(metric)}[$__rate_interval])`
const byNamespace = (inner: string) => `sum by (instance, namespace) (${inner})`
const quantile = (share: number, metric: string, ...by: string[]) =>
  quantileOf(share, ['instance', ...by], bus(`${metric}_bucket`), '$__rate_interval')

function each(title: string, description: string, unit: Unit, expr: string, runbook: Runbook): Panel {
  return { title, description, unit, queries: [{ expr, legend: '{{namespace}}' }], runbook }
}

const expired = sumOf(`increase(${bus('intent_bus_leases_expired_total')}[15m])`)
const claimed = sumOf(`increase(${bus('intent_bus_claimed_total')}[15m])`)

const DONE: Row = {
  title: 'Is the work done?',
  stats: [
    {
      title: 'Until it is taken, 95th percentile',
      description: 'From when an intent was due to its claim. Long: too few workers, or they poll rarely.',
      unit: 's',
      queries: [{ expr: quantile(0.95, 'intent_bus_publish_to_claim_seconds'), legend: '' }],
      limits: { worry: 60, trouble: LIMITS.unclaimedAge },
      runbook: 'oldest',
    },
    {
      title: 'Until it is done, 95th percentile',
      description:
        'From a claim to fulfil or fail: how long the workers take. Should stay below their lease.',
      unit: 's',
      queries: [{ expr: quantile(0.95, 'intent_bus_claim_to_settle_seconds'), legend: '' }],
      runbook: 'leases',
    },
    {
      title: 'Waiting workers',
      description: 'Workers in a long poll, for the chosen namespaces.',
      unit: 'short',
      queries: [{ expr: sumOf(bus('intent_bus_namespace_waiting_claims')), legend: '' }],
      runbook: 'oldest',
    },
    {
      title: 'Leases that run out',
      description:
        'Of those given in the last 15 minutes: workers that died, lost their network, or took too long.',
      unit: 'percentunit',
      queries: [{ expr: `${expired} / clamp_min(${claimed}, 1)`, legend: '' }],
      limits: { worry: 0.02, trouble: LIMITS.expiredShare },
      runbook: 'leases',
    },
  ],
}

const LONG: Row = {
  title: 'How long does it take, by namespace?',
  series: [
    each(
      'Until it is taken, 95th percentile',
      'From when an intent was due to its claim.',
      's',
      quantile(0.95, 'intent_bus_publish_to_claim_seconds', 'namespace'),
      'oldest',
    ),
    each(
      'Until it is done, 95th percentile',
      'From a claim to fulfil or fail. Should stay below the lease.',
      's',
      quantile(0.95, 'intent_bus_claim_to_settle_seconds', 'namespace'),
      'leases',
    ),
  ],
}

const MUCH: Row = {
  title: 'How much, by namespace?',
  series: [
    each(
      'Published',
      'New intents per second.',
      'cps',
      byNamespace(perSecond('intent_bus_published_total')),
      'reading',
    ),
    each(
      'Fulfilled',
      'Done per second. Runs below Published for long: the work piles up.',
      'cps',
      byNamespace(perSecond('intent_bus_fulfilled_total')),
      'reading',
    ),
    each(
      'Open',
      'Waiting for a worker, or for their time.',
      'short',
      byNamespace(bus('intent_bus_namespace_depth', 'state="open"')),
      'oldest',
    ),
    each(
      'Claimed',
      'In the hands of workers.',
      'short',
      byNamespace(bus('intent_bus_namespace_depth', 'state="claimed"')),
      'leases',
    ),
  ],
}

const AGAIN: Row = {
  title: 'What is done again, or given up?',
  series: [
    each(
      'Failed attempts',
      'Per second, as workers report them.',
      'cps',
      byNamespace(perSecond('intent_bus_failed_total')),
      'deadLetters',
    ),
    each(
      'Retries',
      'Attempts per second that ended in another one, after a failure or a lost lease.',
      'cps',
      byNamespace(perSecond('intent_bus_retried_total')),
      'leases',
    ),
    each(
      'Lost leases',
      'Per second: nobody reported within the lease.',
      'cps',
      byNamespace(perSecond('intent_bus_leases_expired_total')),
      'leases',
    ),
    each(
      'Dead letters',
      'New ones in an hour, by namespace; cancelled ones included.',
      'short',
      byNamespace(`increase(${bus('intent_bus_deaths_total')}[1h])`),
      'deadLetters',
    ),
  ],
}

const WORKERS: Row = {
  title: 'Who works?',
  series: [
    each(
      'Waiting workers',
      'Workers in a long poll, by the namespace they ask for.',
      'short',
      byNamespace(bus('intent_bus_namespace_waiting_claims')),
      'oldest',
    ),
    {
      title: 'Claims that found nothing',
      description: 'Per second, of all namespaces. Many, while work waits: workers ask for something else.',
      unit: 'cps',
      queries: [
        {
          expr: sumOf(`rate(${chosenBus('intent_bus_claims_empty_total')}[$__rate_interval])`),
          legend: 'empty',
        },
        {
          expr: sumOf(`rate(${chosenBus('intent_bus_claimed_total')}[$__rate_interval])`),
          legend: 'got work',
        },
      ],
      runbook: 'oldest',
    },
  ],
}

/** Is the work done, by namespace? */
export const work = (): Dashboard =>
  dashboard({
    uid: 'intent-bus-work',
    title: 'Intent Bus / Work',
    description: 'How long work waits and takes, what is done again, and who works, by namespace.',
    byNamespace: true,
    rows: [DONE, LONG, MUCH, AGAIN, WORKERS],
  })
