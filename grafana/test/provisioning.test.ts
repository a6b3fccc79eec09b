import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ALERTS } from '../src/alerts/all.ts'
import { pathOf, YAML_FILES } from '../src/made-files.ts'
import { CONTACT_POINT, DATASOURCE_UID, FOLDER } from '../src/names.ts'
import type { Yaml } from '../src/yaml.ts'
import {
  ALERTING_FILE,
  DASHBOARDS_FILE,
  DATASOURCES_FILE,
  faults,
  QUERY_A,
  QUERY_B,
  SETTINGS,
  type Shape,
} from './file-formats.ts'

type Tree = { [key: string]: Yaml }
const fileAt = (path: string) => YAML_FILES[path]!.value as Record<string, Tree[]>

const CONTACT_FILES = Object.keys(YAML_FILES).filter(path => path.includes('contact-point'))
const RULES = 'grafana/provisioning/alerting/rules.yaml'

const shapeOf = (path: string): Shape | undefined => {
  if (path.startsWith('ops/')) return undefined
  if (path.includes('/datasources/')) return DATASOURCES_FILE
  return path.includes('/dashboards/') ? DASHBOARDS_FILE : ALERTING_FILE
}

test.each(Object.keys(YAML_FILES).filter(path => shapeOf(path) !== undefined))(
  '%s has every key that Grafana needs and none that it does not know',
  path => {
    expect(faults(fileAt(path), shapeOf(path)!)).toEqual([])
  },
)

test('a key that Grafana does not know is found', () => {
  const file = structuredClone(fileAt(RULES)) as unknown as { groups: { rules: Tree[] }[] }
  file.groups[0]!.rules[0]!['keep_firing_for'] = '1m'
  expect(faults(file, ALERTING_FILE)).toEqual(['.groups[0].rules[0].keep_firing_for: unknown'])
})

describe('the contact points', () => {
  const receivers = CONTACT_FILES.map(path => ({ path, point: fileAt(path)['contactPoints']![0]! }))

  test.each(receivers)('$path has the settings of its kind', ({ point }) => {
    const [receiver] = point['receivers'] as Tree[]
    expect(faults(receiver!['settings'], SETTINGS[receiver!['type'] as string]!)).toEqual([])
  })

  test('all go by the one name that the rules send to', () => {
    expect(new Set(receivers.map(({ point }) => point['name']))).toEqual(new Set([CONTACT_POINT]))
    expect(receivers.length).toBe(4)
  })

  test('all are one receiver to Grafana: one that takes the place of another adds nobody who is told', () => {
    const uids = receivers.flatMap(({ point }) => (point['receivers'] as Tree[]).map(({ uid }) => uid))
    expect(new Set(uids).size).toBe(1)
    expect(uids.length).toBe(receivers.length)
  })

  test.each(receivers)('$path names its variables in its head', ({ path, point }) => {
    const variables = [...JSON.stringify(point).matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name!)
    expect(variables.length).toBeGreaterThan(0)
    for (const name of variables) expect(YAML_FILES[path]!.comment.join(' ')).toContain(name)
  })
})

describe('the rules', () => {
  const groups = fileAt(RULES)['groups']!
  const rules = groups.flatMap(group => group['rules'] as Tree[])

  test('there is one for each alert, with a uid of its own that Grafana takes', () => {
    expect(rules.map(rule => rule['title'])).toEqual(ALERTS.map(({ name }) => name))
    const uids = rules.map(rule => rule['uid'] as string)
    expect(new Set(uids).size).toBe(uids.length)
    for (const uid of uids) expect(uid).toMatch(/^[a-z0-9-]{1,40}$/)
  })

  test('those to be taken out are the same', () => {
    const gone = fileAt('grafana/examples/no-grafana-alerts.yaml')['deleteRules']!
    expect(gone.map(rule => rule['uid'])).toEqual(rules.map(rule => rule['uid']))
  })

  test.each(rules.map(rule => [rule['title'] as string, rule] as const))(
    '%s asks the provisioned Prometheus, compares, and tells the contact point',
    (name, rule) => {
      const [a, b] = rule['data'] as [Tree, Tree]
      expect(faults(a, QUERY_A)).toEqual([])
      expect(faults(b, QUERY_B)).toEqual([])
      const alert = ALERTS.find(each => each.name === name)!
      const limit = 'above' in alert.fires ? ['gt', alert.fires.above] : ['lt', alert.fires.below]
      expect(a).toMatchObject({
        refId: 'A',
        datasourceUid: DATASOURCE_UID,
        model: { expr: alert.value, instant: true, range: false, datasource: { uid: DATASOURCE_UID } },
      })
      expect(b).toMatchObject({
        refId: 'B',
        datasourceUid: '__expr__',
        model: {
          type: 'threshold',
          expression: 'A',
          conditions: [{ evaluator: { type: limit[0], params: [limit[1]] } }],
        },
      })
      expect(rule).toMatchObject({ condition: 'B', notification_settings: { receiver: CONTACT_POINT } })
      expect(['OK', 'Alerting', 'NoData', 'KeepLast']).toContain(rule['noDataState'])
      expect(['OK', 'Alerting', 'Error', 'KeepLast']).toContain(rule['execErrState'])
    },
  )

  test('they are evaluated often enough for how long each waits', () => {
    for (const group of groups) {
      expect(group['interval']).toBe('30s')
      for (const rule of group['rules'] as Tree[]) {
        const [, count, unit] = /^(\d+)([smh])$/.exec(rule['for'] as string)!
        expect((Number(count) * { s: 1, m: 60, h: 3600 }[unit as 's' | 'm' | 'h']) % 30).toBe(0)
      }
    }
  })

  test('nothing in labels and annotations would be taken for a variable of the environment', () => {
    for (const rule of rules) {
      expect(JSON.stringify(rule['labels'])).not.toContain('$')
      expect(JSON.stringify(rule['annotations'])).not.toContain('$')
    }
  })

  test('they lie in the folder of the dashboards', () => {
    expect(new Set(groups.map(group => group['folder']))).toEqual(new Set([FOLDER]))
    const [provider] = fileAt('grafana/provisioning/dashboards/intent-bus.yaml')['providers']!
    expect(provider!['folder']).toBe(FOLDER)
  })
})

test('the datasource and the scrape agree on how often', () => {
  const [source] = fileAt('grafana/provisioning/datasources/intent-bus.yaml')['datasources']!
  const config = readFileSync(pathOf('ops/prometheus/prometheus.yml'), 'utf8')
  const { timeInterval } = source!['jsonData'] as Tree
  expect(config).toContain(`scrape_interval: ${timeInterval}\n`)
  expect(source!['uid']).toBe(DATASOURCE_UID)
})
