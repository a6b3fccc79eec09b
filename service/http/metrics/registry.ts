import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { METRICS, type MetricEntry, type MetricKind } from './catalogue.ts'
import { RequestDurations } from './request-durations.ts'

const REQUESTS = 'intent_bus_http_request_duration_seconds'

/** A registry of its own per app, with every metric of the catalogue in it, to be had by name. */
export class CatalogueRegistry {
  readonly requests = new RequestDurations(METRICS.find(entry => entry.name === REQUESTS)!)
  readonly contentType: string
  readonly #registry = new Registry()
  readonly #made = new Map<string, Counter | Gauge | Histogram>()

  constructor() {
    this.contentType = this.#registry.contentType
    collectDefaultMetrics({ register: this.#registry })
    for (const entry of METRICS) {
      if (entry.name !== REQUESTS) this.#made.set(entry.name, make(entry, this.#registry))
    }
  }

  counter(name: string): Counter {
    return this.#of(name, 'counter') as Counter
  }

  gauge(name: string): Gauge {
    return this.#of(name, 'gauge') as Gauge
  }

  histogram(name: string): Histogram {
    return this.#of(name, 'histogram') as Histogram
  }

  async text(): Promise<string> {
    return `${await this.#registry.metrics()}\n${this.requests.text()}`
  }

  #of(name: string, kind: MetricKind): Counter | Gauge | Histogram {
    const metric = this.#made.get(`intent_bus_${name}`)
    if (metric === undefined) throw new Error(`no ${kind} ${name} in the catalogue`)
    return metric
  }
}

function make(entry: MetricEntry, registry: Registry): Counter | Gauge | Histogram {
  const { name, help, kind } = entry
  const options = { name, help, labelNames: [...entry.labels], registers: [registry] }
  if (kind === 'counter') return new Counter(options)
  if (kind === 'gauge') return new Gauge(options)
  return new Histogram({ ...options, buckets: [...entry.buckets!] })
}
