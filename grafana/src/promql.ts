/** What the queries of alerts and panels share. */

/**
 * What the job of a bus is called: `intent-bus` in ops/prometheus/prometheus.yml, and `intent-bus-garage` beside it. The bus's own
 * metrics are known by their names; those that every process has, and `up`, by this.
 */
const OF_JOB = 'job=~"intent-bus.*"'

/** Makes a selector: alerts look at every bus, panels at those that are chosen. */
export type Select = (metric: string, ...matchers: string[]) => string

export const everyBus: Select = (metric, ...matchers) =>
  selected(metric, metric.startsWith('intent_bus_') ? matchers : [OF_JOB, ...matchers])

export const chosenBus: Select = (metric, ...matchers) =>
  selected(metric, ['job=~"$job"', 'instance=~"$instance"', ...matchers])

const selected: (metric: string, matchers: string[]) => string = (metric, matchers) =>
  matchers.length === 0 ? metric : `${metric}{${matchers.join(',')}}`

export const sumOf = (inner: string): string => `sum by (instance) (${inner})`

/** Waits that were asked for are no latency, and who only looks after the bus is no traffic. */
const NO_TRAFFIC = '/health.*|/metrics'
export const TRAFFIC = `route!~"${NO_TRAFFIC}"`
export const NO_WAITS = `route!~"${NO_TRAFFIC}|.*[?]wait"`

/**
 * Requests answered 5xx among all. Without a single one its series is missing, hence the 0.
 *
 * @returns `failing`, `all`: per second
 */
export function errorRates(of: Select, window: string): { failing: string; all: string } {
  const count = (...matchers: string[]) =>
    sumOf(`rate(${of('intent_bus_http_request_duration_seconds_count', TRAFFIC, ...matchers)}[${window}])`)
  const all = count()
  return { failing: `(${count('status=~"5.."')} or 0 * ${all})`, all }
}

/**
 * Dead letters that came in the last 15 minutes, those that an admin made by cancelling left out. The counters say so, in three ways:
 * all that a process counted which is younger than that; all of a series that was not there before (a namespace whose
 * first three die between two scrapes begins at 3, and has no increase); the increase of the others. Where they say
 * nothing, the growth of what is kept counts: it knows those of a bus that was killed before a scrape.
 */
export function deadLettersGained(of: Select): string {
  const deaths = of('intent_bus_deaths_total', 'reason!="cancelled"')
  const kept = of('intent_bus_dead_letters_total')
  const cancelled = of('intent_bus_deaths_total', 'reason="cancelled"')
  return `(
  sum by (instance) (
    (${deaths} > 0 and on (instance) (time() - ${of('process_start_time_seconds')} < 900))
    or (
      (${deaths} unless last_over_time(${deaths}[1d] offset 15m))
      and on (instance) last_over_time(${of('up')}[1d] offset 15m)
    )
    or increase(${deaths}[15m])
  ) > 0
)
or clamp_min(
  max by (instance) (${kept} - min_over_time(${kept}[15m])) - sum by (instance) (increase(${cancelled}[15m])), 0
)`
}

/** @param quantile 0 to 1 @param by labels that the result keeps */
export function quantileOf(quantile: number, by: string[], bucket: string, window: string): string {
  return `histogram_quantile(${quantile}, sum by (${[...by, 'le'].join(', ')}) (rate(${bucket}[${window}])))`
}

/** The age of the newest backup; with none, how long the bus has run without. */
export const backupAge = (of: Select): string =>
  `time() - max by (instance) (
  ${of('intent_bus_last_backup_success_timestamp_seconds')} > 0
  or on (instance) ${of('process_start_time_seconds')}
)`
