import type { Runbook } from '../runbooks.ts'

/** One alert: a rule of Prometheus, a rule of Grafana and a row in docs/monitoring.md are made of it. */
export type Alert = {
  /** `IntentBus…` */
  name: string
  /** critical: somebody should look now; warning: today. */
  severity: 'critical' | 'warning'
  /** PromQL that has a value for each bus at all times; the limit decides. Where the value is not in question it is 0. */
  value: string
  fires: { above: number } | { below: number }
  /** How long the value has to stay past the limit, in Prometheus's units. */
  for: string
  /** How the value is said. */
  as: Saying
  /** One line, with `{value}` in it. */
  summary: string
  /** What it means, and the first thing to do. */
  description: string
  runbook: Runbook
  /** For the table: when it fires, in words. */
  when: string
  /** A bus that is not seen at all is as good as down; for all else silence is no alert. */
  whenUnseen?: 'fires'
}

/** Templates that Prometheus and Grafana both know. */
export const SAYINGS = {
  duration: 'humanizeDuration',
  percent: 'humanizePercentage',
  bytes: 'humanize1024',
  count: 'printf "%.0f"',
} as const
type Saying = keyof typeof SAYINGS
