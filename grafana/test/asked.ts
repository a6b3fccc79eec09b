/** Every query of the dashboards and alerts, from the made files, and what is wrong with the answers of a Prometheus. */
import type { Prometheus, Sample } from '../../ops/test/monitoring.ts'
import { METRICS } from '../../service/metrics/catalogue.ts'
import { ALERTS } from '../src/alerts/all.ts'
import { YAML_FILES } from '../src/made-files.ts'
import { dashboards, panels, type Variable } from './panels.ts'

type Asked = { from: string; expr: string; labels: string[] }

/** What Grafana puts in for its variables, with all chosen. */
function filledIn(expr: string, rateInterval: string): string {
  const values: Record<string, string> = {
    $job: 'intent-bus',
    $instance: '.*',
    $namespace: '.*',
    $__rate_interval: rateInterval,
  }
  return expr.replace(/\$\w+/g, name => values[name] ?? name)
}

const ofPanels = (rateInterval: string): Asked[] =>
  panels.flatMap(({ on, title, targets }) =>
    targets.map(({ refId, expr, legendFormat }) => ({
      from: `${on}: ${title} ${refId}`,
      expr: filledIn(expr, rateInterval),
      labels: [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!),
    })),
  )

type GrafanaRule = { title: string; data: { model: { expr?: string } }[] }
const { groups } = YAML_FILES['grafana/provisioning/alerting/rules.yaml']!.value as unknown as {
  groups: { rules: GrafanaRule[] }[]
}
const ofGrafanaAlerts: Asked[] = groups
  .flatMap(({ rules }) => rules)
  .map(({ title, data }) => ({ from: `Grafana's ${title}`, expr: data[0]!.model.expr!, labels: [] }))

/** Those of Prometheus have their limit on the last line; without it there is a value while all is well. */
function withoutLimit(query: string): string {
  const [, value] = /^\(([\s\S]*)\) [<>] [\d.e+]+$/.exec(query) ?? []
  if (value === undefined) throw new Error(`no limit at the end of ${query}`)
  return value
}

const isMade = new Set(METRICS.map(({ name }) => name))
/** Backups have numbers of their own, in a bus that makes any. */
const askable = ({ expr }: Asked): boolean =>
  (expr.match(/intent_bus_(?:last_backup_bytes|last_backup_duration\w*|backups_total)/g) ?? []).every(name =>
    isMade.has(name),
  )

const variables: Variable[] = dashboards.flatMap(({ templating }) => templating.list)
const labelQueries = variables.flatMap(({ name, query }) => {
  const [, series, label] =
    /^label_values\((.*), (\w+)\)$/.exec(typeof query === 'string' ? query : query.query) ?? []
  return series === undefined ? [] : [{ name, series, label: label! }]
})

/**
 * Asks all of them.
 *
 * @param rateInterval what Grafana puts in for `$__rate_interval`: four scrapes and more
 * @returns how many were asked, and those that have no answer, or not the labels that their legend names
 */
export async function faultsOf(
  prometheus: Prometheus,
  rateInterval: string,
): Promise<{ asked: number; left: number; faults: string[] }> {
  const ofAlerts = (await prometheus.rules()).map(({ name, query }) => ({
    from: `Prometheus's ${name}`,
    expr: withoutLimit(query),
    labels: [],
  }))
  const all = [...ofPanels(rateInterval), ...ofGrafanaAlerts, ...ofAlerts]
  const asked = all.filter(askable)
  const faults: string[] = []
  for (const { name } of ALERTS) {
    if (!ofAlerts.some(({ from }) => from === `Prometheus's ${name}`)) faults.push(`there is no rule ${name}`)
  }
  for (const one of asked) {
    const fault = faultOf(one, await prometheus.query(one.expr).catch(String))
    if (fault !== null) faults.push(`${one.from}: ${fault}`)
  }
  for (const { name, series, label } of labelQueries) {
    const samples = await prometheus.query(filledIn(series, rateInterval))
    const found = samples.map(({ metric }) => metric[label])
    if (found.length === 0 || found.includes(undefined)) faults.push(`the variable ${name} finds nothing`)
  }
  return { asked: asked.length, left: all.length - asked.length, faults }
}

function faultOf({ labels }: Asked, samples: Sample[] | string): string | null {
  if (typeof samples === 'string') return samples
  if (samples.length === 0) return 'no data'
  if (!samples.some(({ value }) => Number.isFinite(value))) return 'no number'
  const absent = labels.filter(label => samples.some(({ metric }) => metric[label] === undefined))
  return absent.length === 0 ? null : `no label ${absent.join(', ')}`
}

/** What a lively bus has more than none of. */
const BUSY = [
  'published',
  'claimed',
  'fulfilled',
  'failed',
  'Dead letters by reason',
  'Retries',
  'Lost leases',
  'Waiting workers',
  'Refused',
  'New dead letters',
  'Leases that run out',
]

/** What happened is in the numbers, too: a query that always answers 0 has no fault above. @returns those that say 0 */
export async function stillAtZero(prometheus: Prometheus, rateInterval: string): Promise<string[]> {
  const zero: string[] = []
  for (const words of BUSY) {
    const found = ofPanels(rateInterval).filter(
      ({ from, expr }) => from.includes(words) || expr.includes(`intent_bus_${words}_total`),
    )
    const values = (await Promise.all(found.map(({ expr }) => prometheus.query(expr)))).flat()
    if (!values.some(({ value }) => value > 0)) zero.push(words)
  }
  return zero
}
