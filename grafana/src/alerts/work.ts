import { LIMITS } from '../limits.ts'
import { deadLettersGained, everyBus, sumOf } from '../promql.ts'
import type { Alert } from './alert.ts'

const expired = sumOf('increase(intent_bus_leases_expired_total[15m])')
const claimed = (window: string) => sumOf(`increase(intent_bus_claimed_total[${window}])`)
const oldest = 'max by (instance) (intent_bus_oldest_ready_age_seconds)'

/** Is the work done? */
export const WORK: readonly Alert[] = [
  {
    name: 'IntentBusDeadLettersGrow',
    severity: 'warning',
    value: deadLettersGained(everyBus),
    fires: { above: 0 },
    // A dead letter stays one: to wait would tell nothing. One notification covers 15 minutes of them.
    for: '0s',
    as: 'count',
    summary: '{value} new dead letters in 15 minutes',
    description:
      'Jobs were given up after their last attempt, or nobody took them in time. `intent-bus dead list` shows which and why; once the cause is gone, `intent-bus dead retry` has them done.',
    runbook: 'deadLetters',
    when: 'a dead letter came up in the last 15 minutes; those that an admin made by cancelling do not count',
  },
  {
    name: 'IntentBusOldestReadyTooOld',
    severity: 'warning',
    value: oldest,
    fires: { above: LIMITS.oldestReadyAge },
    for: '5m',
    as: 'duration',
    summary: 'An intent has been ready for {value}',
    description:
      'Nobody takes it: its worker is off, too slow, or asks for another goal, namespace or capability. `intent-bus list` shows what lies open.',
    runbook: 'oldest',
    when: 'for 5 minutes the oldest ready intent has been due for more than 15',
  },
  {
    name: 'IntentBusNobodyClaims',
    severity: 'critical',
    value: `${oldest}\n* (${claimed('10m')} == bool 0)`,
    fires: { above: LIMITS.unclaimedAge },
    for: '5m',
    as: 'duration',
    summary: 'Work has been ready for {value}, and nobody takes any',
    description:
      'Not one intent was claimed in 10 minutes. Look whether the workers run and reach the bus: "Waiting workers" and "Claims that found nothing" on the dashboard Work.',
    runbook: 'oldest',
    when: 'for 5 minutes an intent has been due for more than 5, and nothing was claimed in 10',
  },
  {
    name: 'IntentBusLeasesExpire',
    severity: 'warning',
    value: `${expired} / clamp_min(${claimed('15m')}, 1)\n* (${expired} >= bool 5)`,
    fires: { above: LIMITS.expiredShare },
    for: '5m',
    as: 'percent',
    summary: '{value} of the leases run out',
    description:
      'Workers die, lose their network, or take longer than their lease: each such job is done again, and after its last attempt it is a dead letter.',
    runbook: 'leases',
    when: 'for 5 minutes more than 10 % of the leases of the last 15, and at least 5, ran out',
  },
  {
    name: 'IntentBusClockSkew',
    severity: 'warning',
    value: sumOf('increase(intent_bus_stale_timestamps_total[15m])'),
    fires: { above: LIMITS.staleTimestamps },
    for: '5m',
    as: 'count',
    summary: '{value} requests from a wrong clock were refused in 15 minutes',
    description:
      'A client that signs its requests is more than 5 minutes off, or the bus is. Compare `date -u` on both; the log names the address of the client.',
    runbook: 'clocks',
    when: 'for 5 minutes at least 5 signed requests in 15 came from a clock that is more than 300 s off',
  },
]
