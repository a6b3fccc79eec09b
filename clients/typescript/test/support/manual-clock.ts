import type { Clock } from '../../src/clock.ts'

type Sleeper = { until: number; wake: () => void }

/** A client's time that stands still until a test moves it. */
export class ManualClock implements Clock {
  /** What was slept, in ms, in order. */
  readonly slept: number[] = []
  readonly #sleepers = new Set<Sleeper>()
  #now = 0

  now(): number {
    return this.#now
  }

  wall(): number {
    return Date.now()
  }

  random(): number {
    return 0
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve()
    this.slept.push(ms)
    return new Promise(resolve => {
      const wake = () => {
        this.#sleepers.delete(sleeper)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const sleeper = { until: this.#now + ms, wake }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', wake, { once: true })
    })
  }

  advance(ms: number): void {
    this.#now += ms
    for (const { until, wake } of [...this.#sleepers]) if (until <= this.#now) wake()
  }
}

/** Sleeps for no time at all, and remembers for how long it should have been. */
export class HastyClock extends ManualClock {
  override async sleep(ms: number): Promise<void> {
    this.slept.push(ms)
  }
}

/** Sleeps for no time at all, and its time goes by as if it had slept. */
export class PassingClock extends HastyClock {
  override async sleep(ms: number): Promise<void> {
    this.slept.push(ms)
    this.advance(ms)
  }
}
