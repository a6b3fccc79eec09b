import { LIMITS } from '../limits.ts'
import { errorRates, everyBus, sumOf } from '../promql.ts'
import type { Alert } from './alert.ts'

const errors = errorRates(everyBus, '5m')

/** Does it run, and does it answer? */
export const BEING_THERE: readonly Alert[] = [
  {
    name: 'IntentBusDown',
    severity: 'critical',
    value: `${everyBus('up')} or absent(${everyBus('up')}) - 1`,
    fires: { below: 1 },
    for: '2m',
    as: 'count',
    summary: 'The bus cannot be reached',
    description:
      'Prometheus gets no metrics from it: it is stopped, cut off, or refuses the metrics token. Workers and publishers wait and go on when it is back. See whether it runs, and the last lines of its log.',
    runbook: 'down',
    when: 'no scrape has succeeded for 2 minutes',
    whenUnseen: 'fires',
  },
  {
    name: 'IntentBusRestartLoop',
    severity: 'critical',
    value: `changes(${everyBus('process_start_time_seconds')}[15m])`,
    fires: { above: LIMITS.restarts },
    for: '1m',
    as: 'count',
    summary: 'The bus has started {value} times in 15 minutes',
    description:
      'Something ends it again and again: its log says what, above the line with which it starts. Out of memory leaves none.',
    runbook: 'down',
    when: 'it started 3 times in 15 minutes',
  },
  {
    name: 'IntentBusStoreDown',
    severity: 'critical',
    value: 'intent_bus_store_up',
    fires: { below: 1 },
    for: '2m',
    as: 'count',
    summary: 'The store of the bus does not answer',
    description: 'The process runs, the database hangs or fails: usually the disk under it.',
    runbook: 'down',
    when: 'the database has not answered for 2 minutes',
  },
  {
    name: 'IntentBusStorageFails',
    severity: 'critical',
    value: sumOf('increase(intent_bus_storage_failures_total{reason!="damaged"}[5m])'),
    fires: { above: 0 },
    for: '1m',
    as: 'count',
    summary: '{value} commits did not reach the disk in 5 minutes',
    description:
      'Each was refused with 503, so clients try again, and nothing that was acknowledged is lost. Look for a full or failing disk.',
    runbook: 'storage',
    when: 'a commit failed in the last 5 minutes, and a minute later it still counts',
  },
  {
    name: 'IntentBusBadCredentials',
    severity: 'warning',
    value: sumOf('increase(intent_bus_auth_failures_total{kind=~"api_key|admin"}[15m])'),
    fires: { above: LIMITS.badCredentials },
    for: '5m',
    as: 'count',
    summary: '{value} requests with a wrong key in 15 minutes',
    description:
      'A worker has a key that was revoked, or somebody guesses. The log names the address. Guessing is slowed down by the bus itself.',
    runbook: 'keys',
    when: 'for 5 minutes more than 20 requests in 15 came with a wrong key or admin secret, or none',
  },
  {
    name: 'IntentBusConnectionsRefused',
    severity: 'warning',
    value: sumOf('increase(intent_bus_connections_refused_total[10m])'),
    fires: { above: 0 },
    for: '1m',
    as: 'count',
    summary: '{value} connections were refused in 10 minutes',
    description:
      'All connections are in use, or all that one address may have. The log says which limit it was. Clients try again, but later.',
    runbook: 'connections',
    when: 'a connection was refused in the last 10 minutes',
  },
  {
    name: 'IntentBusLongPollsRefused',
    severity: 'warning',
    value: sumOf('increase(intent_bus_long_polls_refused_total[10m])'),
    fires: { above: 0 },
    for: '5m',
    as: 'count',
    summary: '{value} waiting requests were refused in 10 minutes',
    description:
      'One key has more workers waiting than it may have. Give the workers keys of their own, or raise the limit.',
    runbook: 'connections',
    when: 'for 5 minutes a request was refused in the last 10 because too many of its key were waiting',
  },
  {
    name: 'IntentBusErrors',
    severity: 'critical',
    value: `${errors.failing} / ${errors.all}\n* (300 * ${errors.failing} >= bool 5)`,
    fires: { above: LIMITS.errorShare },
    for: '5m',
    as: 'percent',
    summary: '{value} of the requests are answered 5xx',
    description:
      'The panel "Requests by status" says which, the log why. In maintenance mode this is as it should be: silence it.',
    runbook: 'errors',
    when: 'for 5 minutes more than 5 % of the requests, and at least 5, were answered 5xx',
  },
]
