/**
 * Panels as they are all made: with a title that is a question's answer, a description, a unit, a link to what to do.
 * Half the width at least, so that a phone held upright shows each in full below the other.
 */
import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  type DashboardLinkBuilder,
  DashboardLinkType,
  DashboardLinkBuilder as LinkBuilder,
  MappingType,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as SeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import { linkTo, type Runbook } from './runbooks.ts'

/** Grafana's names of the units in use: `s` and `bytes` choose their own prefix, `percentunit` takes 0 to 1. */
export type Unit = 's' | 'bytes' | 'percentunit' | 'short' | 'cps' | 'reqps' | 'ops' | 'none'

type Query = {
  expr: string
  /** What its lines are called, behind the bus that they are of. */
  legend: string
  /** One line for all buses: it has no name of a bus. */
  ofAllBuses?: true
}

/** The label that tells two buses apart. */
const BUS = '{{instance}}'

export type Panel = {
  title: string
  description: string
  unit: Unit
  queries: [Query, ...Query[]]
  runbook: Runbook
  /** Where the value becomes a worry and where a trouble; upwards, or downwards when `trouble` is the lesser. */
  limits?: { worry?: number; trouble: number }
  /** Words instead of some values. */
  words?: Record<string, string>
}

/** Panels get their data from the Prometheus that is chosen at the top. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in.
export const CHOSEN = { type: 'prometheus', uid: '${datasource}' }

const GREEN = 'green'
const YELLOW = 'yellow'
const RED = 'red'

/** One number, large: the newest. */
export function stat(panel: Panel): StatBuilder {
  const builder = new StatBuilder()
    .title(panel.title)
    .description(panel.description)
    .datasource(CHOSEN)
    .unit(panel.unit)
    .height(4)
    .span(12)
    .targets(queriesOf(panel))
    .thresholds(thresholdsOf(panel))
    .links([linkOf(panel.runbook)])
    .colorMode(panel.limits === undefined ? BigValueColorMode.None : BigValueColorMode.Background)
    .graphMode(BigValueGraphMode.Area)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
  if (panel.words === undefined) return builder
  const options = Object.entries(panel.words).map(([value, text], index) => [value, { text, index }])
  return builder.mappings([{ type: MappingType.ValueToText, options: Object.fromEntries(options) }])
}

/** Lines over time, with what they are right now in the legend below. */
export function series(panel: Panel): SeriesBuilder {
  const builder = new SeriesBuilder()
    .title(panel.title)
    .description(panel.description)
    .datasource(CHOSEN)
    .unit(panel.unit)
    .height(8)
    .span(12)
    .min(0)
    .targets(queriesOf(panel))
    .thresholds(thresholdsOf(panel))
    .links([linkOf(panel.runbook)])
    .lineWidth(2)
    .fillOpacity(8)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .calcs(['lastNotNull']),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
  if (panel.limits === undefined) return builder
  return builder.thresholdsStyle(
    new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed),
  )
}

function queriesOf({ queries }: Panel): DataqueryBuilder[] {
  return queries.map(({ expr, legend, ofAllBuses }, i) =>
    new DataqueryBuilder()
      .datasource(CHOSEN)
      .expr(expr)
      .legendFormat(ofAllBuses ? legend : `${BUS} ${legend}`.trim())
      .range()
      .refId(String.fromCharCode(65 + i)),
  )
}

function thresholdsOf({ limits }: Panel): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(stepsOf(limits))
}

/** A step counts from its value upwards; the first has none. */
function stepsOf(limits: Panel['limits']): Threshold[] {
  if (limits === undefined) return [{ color: GREEN, value: null }]
  const { worry, trouble } = limits
  const up = worry === undefined || worry < trouble
  const steps = up
    ? [
        { color: GREEN, value: null },
        { color: YELLOW, value: worry },
        { color: RED, value: trouble },
      ]
    : [
        { color: RED, value: null },
        { color: YELLOW, value: trouble },
        { color: GREEN, value: worry },
      ]
  return steps.filter((step): step is Threshold => step.value !== undefined)
}

function linkOf(runbook: Runbook): DashboardLinkBuilder {
  return new LinkBuilder('What to do').type(DashboardLinkType.Link).url(linkTo(runbook)).targetBlank(true)
}
