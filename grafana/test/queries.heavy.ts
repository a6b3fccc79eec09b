/** Every query of every panel and alert, as the files have it, to a real Prometheus that scrapes a bus at work. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Prometheus, type Sample } from '../../ops/test/monitoring.ts'
import { installed } from '../../ops/test/shells.ts'
import { METRICS } from '../../service/http/metrics/catalogue.ts'
import { ALERTS } from '../src/alerts/all.ts'
import { YAML_FILES } from '../src/made-files.ts'
import { livelyBus, METRICS_TOKEN } from './life.ts'
import { dashboards, panels, type Variable } from './panels.ts'

type Asked = { from: string; expr: string; labels: string[] }

/** What Grafana puts in for its variables, with all chosen and a scrape each second. */
const FILLED_IN: Record<string, string> = { $instance: '.*', $namespace: '.*', $__rate_interval: '20s' }
const filledIn = (expr: string) => expr.replace(/\$\w+/g, name => FILLED_IN[name] ?? name)

const ofPanels: Asked[] = panels.flatMap(({ on, title, targets }) =>
  targets.map(({ refId, expr, legendFormat }) => ({
    from: `${on}: ${title} ${refId}`,
    expr: filledIn(expr),
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
const withoutLimit = (query: string): string => {
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
  return series === undefined ? [] : [{ name, series: filledIn(series), label: label! }]
})

const missing = installed('prometheus') === undefined
describe.skipIf(missing)(`Prometheus${missing ? ' (skipped: prometheus is not installed)' : ''}`, () => {
  test('has an answer to every query, with the labels that its legend names', {
    timeout: 240_000,
  }, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'bus-dashboards-'))
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
    const { address, live } = await livelyBus(dir)
    const prometheus = await Prometheus.start(join(dir, 'prometheus'), {
      bus: address,
      metricsToken: METRICS_TOKEN,
      edits: {
        'scrape_interval: 15s': 'scrape_interval: 1s',
        'scrape_timeout: 10s': 'scrape_timeout: 1s',
        'evaluation_interval: 15s': 'evaluation_interval: 1s',
      },
    })
    await live()
    // Two scrapes make a rate; leases run out 10 s after the first round.
    await vi.waitUntil(
      async () => {
        await live()
        await sleep(1000)
        const [lost] = await prometheus.query('sum(rate(intent_bus_leases_expired_total[20s]))')
        const [scrapes] = await prometheus.query('min(count_over_time(intent_bus_store_up[20s]))')
        return (lost?.value ?? 0) > 0 && (scrapes?.value ?? 0) > 5
      },
      { timeout: 120_000 },
    )

    const ofAlerts = (await prometheus.rules()).map(({ name, query }) => ({
      from: `Prometheus's ${name}`,
      expr: withoutLimit(query),
      labels: [],
    }))
    expect(ofAlerts.map(({ from }) => from).sort()).toEqual(
      ALERTS.map(({ name }) => `Prometheus's ${name}`).sort(),
    )
    expect(ofPanels.length).toBeGreaterThan(50)

    const asked = [...ofPanels, ...ofGrafanaAlerts, ...ofAlerts]
    const faults: string[] = []
    for (const one of asked.filter(askable)) {
      const fault = faultOf(one, await prometheus.query(one.expr).catch(String))
      if (fault !== null) faults.push(`${one.from}: ${fault}`)
    }
    for (const { name, series, label } of labelQueries) {
      const found = (await prometheus.query(series)).map(({ metric }) => metric[label])
      if (found.length === 0 || found.includes(undefined)) faults.push(`the variable ${name} finds nothing`)
    }
    const left = asked.filter(one => !askable(one)).map(({ from }) => from)
    console.log(
      `${asked.length - left.length} queries asked; left out, as this bus has no backups: ${left.length}`,
    )
    expect(faults).toEqual([])

    // What happened is in the numbers, too: a query that always answers 0 would pass above.
    const busy = [
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
    for (const words of busy) {
      const found = ofPanels.filter(
        ({ from, expr }) => from.includes(words) || expr.includes(`intent_bus_${words}_total`),
      )
      const values = (await Promise.all(found.map(({ expr }) => prometheus.query(expr)))).flat()
      expect(Math.max(...values.map(({ value }) => value)), words).toBeGreaterThan(0)
    }
  })
})

function faultOf({ labels }: Asked, samples: Sample[] | string): string | null {
  if (typeof samples === 'string') return samples
  if (samples.length === 0) return 'no data'
  if (!samples.some(({ value }) => Number.isFinite(value))) return 'no number'
  const absent = labels.filter(label => samples.some(({ metric }) => metric[label] === undefined))
  return absent.length === 0 ? null : `no label ${absent.join(', ')}`
}
