/** What the dashboards have in common: how they are named and linked, and what is chosen at their top. */
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DATASOURCE_UID } from '../names.ts'
import { CHOSEN, type Panel, series, stat } from '../panels.ts'
import { chosenBus } from '../promql.ts'

export type Row = { title: string; stats?: Panel[]; series?: Panel[] }

export type Page = {
  uid: string
  title: string
  description: string
  /** Whether one may choose among namespaces. */
  byNamespace?: boolean
  rows: Row[]
}

const TAG = 'intent-bus'

export function dashboard({ uid, title, description, byNamespace = false, rows }: Page): Dashboard {
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([TAG])
    .time({ from: 'now-6h', to: 'now' })
    .refresh('30s')
    .timezone('browser')
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .annotations([])
    .link(
      new DashboardLinkBuilder('Intent Bus')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .keepTime(true)
        .includeVars(true),
    )
    .withVariable(
      new DatasourceVariableBuilder('datasource')
        .label('Prometheus')
        .type('prometheus')
        .current({ selected: true, text: 'Intent Bus', value: DATASOURCE_UID }),
    )
    // All of it names each job that was found: `.*` would take in what is no bus.
    .withVariable(labels('job', 'Job', 'label_values(intent_bus_build_info, job)'))
    .withVariable(
      labels('instance', 'Bus', 'label_values(intent_bus_build_info{job=~"$job"}, instance)', '.*'),
    )
  if (byNamespace) {
    builder.withVariable(
      labels(
        'namespace',
        'Namespace',
        `label_values(${chosenBus('intent_bus_published_total')}, namespace)`,
        '.*',
      ),
    )
  }
  let id = 0
  const nextId = () => ++id
  for (const row of rows) {
    builder.withRow(new RowBuilder(row.title).id(nextId()))
    for (const panel of row.stats ?? []) builder.withPanel(stat(panel).id(nextId()))
    for (const panel of row.series ?? []) builder.withPanel(series(panel).id(nextId()))
  }
  // Built objects hold functions, which JSON leaves out.
  return JSON.parse(JSON.stringify(builder.build(), withoutPlacement))
}

/** The SDK would have every link hidden in a menu. */
const withoutPlacement = (key: string, value: unknown) =>
  key === 'placement' && value === 'inControlsMenu' ? undefined : value

/** What is found in a label, all of it chosen. @param all what that is; without it each of them, by its name */
function labels(name: string, label: string, query: string, all?: string): QueryVariableBuilder {
  const builder = new QueryVariableBuilder(name)
    .label(label)
    .datasource(CHOSEN)
    .query({ query, refId: name })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: ['All'], value: ['$__all'] })
  return all === undefined ? builder : builder.allValue(all)
}
