import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { METRICS, type MetricEntry, type MetricKind } from './catalogue.ts'
import { histogramText, Series } from './histogram.ts'
import { LoopLag } from './loop-lag.ts'
import { RequestDurations } from './request-durations.ts'

const REQUESTS = 'intent_bus_http_request_duration_seconds'

/** prom-client's 10 ms wake the processor 100 times a second, which costs an idle bus 0.6 % of a core, and a phone its battery; these 0.1 %. */
const LAG_SAMPLE_MS = 50

/** A registry of its own per app, with every metric of the catalogue in it, to be had by name. */
export class CatalogueRegistry {
  readonly requests = new RequestDurations(METRICS.find(entry => entry.name === REQUESTS)!)
  readonly contentType: string
  readonly #registry = new Registry()
  readonly #loopLag: LoopLag
  readonly #made = new Map<string, Counter | Gauge>()
  readonly #histograms = new Map<string, { entry: MetricEntry; series: Map<string, Series> }>()

  constructor() {
    this.contentType = this.#registry.contentType
    this.#loopLag = new LoopLag(() =>
      collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: LAG_SAMPLE_MS }),
    )
    for (const entry of METRICS) {
      if (entry.name === REQUESTS) continue
      if (entry.kind === 'histogram') {
        this.#histograms.set(entry.name, { entry, series: new Map() })
      } else {
        this.#made.set(entry.name, make(entry, this.#registry))
      }
    }
  }

  counter(name: string): Counter {
    return this.#of(name, 'counter') as Counter
  }

  gauge(name: string): Gauge {
    return this.#of(name, 'gauge') as Gauge
  }

  /**
   * One series of it, to be kept by whoever observes.
   *
   * @param labels as the text format has them, without braces; they need no escaping
   */
  histogram(name: string, labels = ''): Series {
    const histogram = this.#histograms.get(`intent_bus_${name}`)
    if (histogram === undefined) throw new Error(`no histogram ${name} in the catalogue`)
    const { entry, series } = histogram
    const one = series.get(labels) ?? new Series(entry.buckets!, labels)
    series.set(labels, one)
    return one
  }

  async text(): Promise<string> {
    this.#loopLag.read()
    const byHand = Array.from(this.#histograms.values(), ({ entry, series }) =>
      histogramText(entry, series.values()),
    )
    return [await this.#registry.metrics(), ...byHand, this.requests.text()].join('\n')
  }

  #of(name: string, kind: MetricKind): Counter | Gauge {
    const metric = this.#made.get(`intent_bus_${name}`)
    if (metric === undefined) throw new Error(`no ${kind} ${name} in the catalogue`)
    return metric
  }
}

function make(entry: MetricEntry, registry: Registry): Counter | Gauge {
  const { name, help, kind } = entry
  const options = { name, help, labelNames: [...entry.labels], registers: [registry] }
  return kind === 'counter' ? new Counter(options) : new Gauge(options)
}
