import perfHooks from 'node:perf_hooks'

type Monitor = ReturnType<typeof perfHooks.monitorEventLoopDelay>

/** Longer than anybody's time between two scrapes, in ms. */
const RESTS_AFTER_MS = 5 * 60_000
/** Nobody may ever scrape; what was seen until then is there for a first scrape, which would else read an empty histogram. */
const FIRST_MS = 10_000

/**
 * The looks at the clock that tell the lag of the event loop wake the processor 20 times a second, as all that an idle bus
 * does: 1,140 wake-ups a minute with them, 40 without. So they are made only while somebody reads them.
 */
export class LoopLag {
  readonly #monitors: readonly Monitor[]
  #rests: NodeJS.Timeout | undefined

  /** @param collect makes the metrics of prom-client, which keeps its monitor to itself */
  constructor(collect: () => void) {
    this.#monitors = monitorsMadeBy(collect)
    this.#goOnFor(FIRST_MS)
  }

  /** Somebody reads the metrics now, and will again. */
  read(): void {
    for (const monitor of this.#monitors) monitor.enable()
    this.#goOnFor(RESTS_AFTER_MS)
  }

  #goOnFor(ms: number): void {
    clearTimeout(this.#rests)
    this.#rests = setTimeout(() => {
      for (const monitor of this.#monitors) monitor.disable()
    }, ms).unref()
  }
}

function monitorsMadeBy(make: () => void): Monitor[] {
  const made: Monitor[] = []
  const { monitorEventLoopDelay } = perfHooks
  perfHooks.monitorEventLoopDelay = options => {
    const monitor = monitorEventLoopDelay(options)
    made.push(monitor)
    return monitor
  }
  try {
    make()
  } finally {
    perfHooks.monitorEventLoopDelay = monitorEventLoopDelay
  }
  return made
}
