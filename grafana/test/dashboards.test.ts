import { existsSync, readFileSync } from 'node:fs'
import * as units from '@grafana/grafana-foundation-sdk/units'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { afterAll, describe, expect, test } from 'vitest'
import { METRICS } from '../../service/metrics/catalogue.ts'
import { ALERTS } from '../src/alerts/all.ts'
import { MONITORING, pathOf } from '../src/made-files.ts'
import { linkTo, pageOf, RUNBOOKS } from '../src/runbooks.ts'
import { DASHBOARD, PANELS } from './dashboard-format.ts'
import { faults } from './file-formats.ts'
import { dashboards, panels } from './panels.ts'

const UNITS = new Set<unknown>(Object.values(units))

const processMetrics = new Registry()
collectDefaultMetrics({ register: processMetrics })
afterAll(() => processMetrics.clear())

const thereAre = new Set([
  ...METRICS.flatMap(({ name, kind }) =>
    kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
  ...processMetrics.getMetricsAsArray().map(({ name }) => name),
])

function unknownIn(query: string): string[] {
  const named = query.match(/\b(?:intent_bus|process|nodejs)_\w+/g) ?? []
  return named.filter(name => !thereAre.has(name))
}

describe.each(panels)('$on: $title', panel => {
  test('says what it shows, in which unit', () => {
    expect(panel.description).toMatch(/^[A-Z].{20,}[.]$/s)
    expect(UNITS).toContain(panel.fieldConfig.defaults.unit)
  })

  test('links to what to do', () => {
    const links = RUNBOOKS.map(linkTo)
    expect(panel.links.map(({ url }) => url).filter(url => links.includes(url))).toHaveLength(1)
  })

  test('is wide enough for a phone', () => {
    expect(panel.gridPos.w).toBeGreaterThanOrEqual(12)
  })

  test('its thresholds rise from a first one without a value', () => {
    const [first, ...steps] = panel.fieldConfig.defaults.thresholds.steps
    expect(first!.value).toBeNull()
    const values = steps.map(({ value }) => value!)
    expect(values).toEqual([...values].sort((a, b) => a - b))
    expect(new Set(values).size).toBe(values.length)
  })

  test('asks the chosen Prometheus for metrics that there are, each line with a name', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's.
    expect(panel.datasource).toEqual({ type: 'prometheus', uid: '${datasource}' })
    expect(new Set(panel.targets.map(({ refId }) => refId)).size).toBe(panel.targets.length)
    for (const { expr, legendFormat } of panel.targets) {
      expect(unknownIn(expr)).toEqual([])
      expect(legendFormat).not.toBe('')
      // What the legend names must be left by the query.
      for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
        if (label !== 'instance') expect(expr).toMatch(new RegExp(`by \\([^)]*\\b${label}\\b`))
      }
    }
  })
})

test.each(['intent_bus_store_damaged', 'intent_bus_set_aside_intents'])(
  '%s has its own panel, which turns red at the first sign of damage',
  metric => {
    const own = panels.filter(({ targets }) => targets.every(({ expr }) => expr.startsWith(`${metric}{`)))
    expect(own.map(({ type, fieldConfig }) => [type, fieldConfig.defaults.thresholds.steps.at(-1)])).toEqual([
      ['stat', { value: 1, color: 'red' }],
    ])
    expect(own[0]!.links.map(({ url }) => url)).toEqual([linkTo('damage')])
  },
)

/** What is said of all buses at once. */
const OF_ALL = ['The bus', 'Alerts that fire']

test.each(panels.filter(({ title }) => !OF_ALL.includes(title)))(
  '$on: $title tells two buses apart, in any job',
  ({ targets }) => {
    for (const { expr, legendFormat } of targets) {
      expect(legendFormat).toMatch(/^\{\{instance\}\}/)
      for (const [, by] of expr.matchAll(/\bby \(([^)]*)\)/g)) expect(by).toMatch(/\binstance\b/)
      for (const [, matchers] of expr.matchAll(/\w\{([^}]*)\}/g)) {
        expect(matchers).toContain('job=~"$job",instance=~"$instance"')
      }
      expect(expr).not.toMatch(/\b(?:intent_bus|process|nodejs)_\w+(?![\w{])/)
    }
  },
)

describe.each(dashboards)('$title', dashboard => {
  const { panels: all, templating } = dashboard

  test('has every key that Grafana needs and none that it does not know', () => {
    expect(faults(dashboard, DASHBOARD)).toEqual([])
    expect(all.flatMap(panel => faults(panel, PANELS[panel.type]!, panel.title))).toEqual([])
  })

  test('no two panels have the same number or lie on each other', () => {
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    const cells = all.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
  })

  test('begins with its numbers', () => {
    const kinds = all.filter(({ type }) => type !== 'row').map(({ type }) => type)
    expect(kinds).toEqual([...kinds].sort())
    expect(kinds[0]).toBe('stat')
  })

  test('its queries use no variable that it has not got', () => {
    const known = new Set(templating.list.map(({ name }) => name))
    const used = [...JSON.stringify(all).matchAll(/\$\{?(\w+)/g)].map(([, name]) => name!)
    expect(used.filter(name => !known.has(name) && !name.startsWith('__'))).toEqual([])
  })
})

test.each(ALERTS)('$name asks for metrics that there are', ({ value }) => {
  expect(unknownIn(value)).toEqual([])
})

describe('what to do', () => {
  const monitoring = readFileSync(pathOf(MONITORING), 'utf8')
  const anchors = new Set(
    [...monitoring.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    ),
  )
  const inThisPage = RUNBOOKS.map(pageOf).filter(page => page.startsWith('monitoring.md#'))
  const elsewhere = RUNBOOKS.map(pageOf).filter(page => !page.startsWith('monitoring.md#'))

  test.each(inThisPage)('docs/%s is there', page => {
    expect(anchors).toContain(page.split('#')[1])
  })

  test.each(elsewhere)('docs/%s is there', page => {
    expect(existsSync(pathOf(`docs/${page}`))).toBe(true)
  })
})
