import type { Claim } from '../wire.ts'
import { type Attributes, type EventName, errorType, type Hooks } from './events.ts'

/** What there is to tell besides who tells it. */
export type Told = {
  operation?: 'claim' | 'process' | 'settle' | 'extend'
  claim?: Claim
  count?: number
  /** Seconds. */
  duration?: number
  delayMs?: number
  error?: unknown
}

/** Tells the hooks what a worker does. */
export class Reporter {
  readonly #hooks: Hooks
  readonly #worker: Attributes

  constructor(
    hooks: Hooks = {},
    worker: { url: string; goal: string; namespace: string | undefined; workerId: string },
  ) {
    this.#hooks = hooks
    this.#worker = {
      'messaging.system': 'intent_bus',
      'messaging.destination.name': worker.goal,
      'messaging.consumer.group.name': worker.namespace ?? 'default',
      'messaging.client.id': worker.workerId,
      'url.full': worker.url,
    }
  }

  tell(name: EventName, told: Told = {}): void {
    try {
      const { error } = told
      this.#hooks.onEvent?.({
        name,
        attributes: this.#attributes(told),
        ...(error === undefined ? {} : { error }),
      })
    } catch {
      // As documented: a broken meter does not stop the work.
    }
  }

  /** For what {@link Persistence.onRetry} reports. */
  retrying(operation: 'claim' | 'settle' | 'extend') {
    return (error: unknown, delayMs: number) => this.tell('worker.retrying', { operation, delayMs, error })
  }

  /** Runs a handler inside the hook for it. */
  around(claim: Claim, run: () => Promise<unknown>): Promise<unknown> {
    // Not `around?.(…) ?? run()`: one that gives nothing back would have it done twice.
    if (this.#hooks.around === undefined) return run()
    return this.#hooks.around(this.#attributes({ claim, operation: 'process' }), run)
  }

  #attributes({ operation, claim, count, duration, delayMs, error }: Told): Attributes {
    const attributes = {
      ...this.#worker,
      'messaging.operation.name': operation,
      'messaging.message.id': claim?.id,
      'messaging.batch.message_count': count,
      'intent_bus.attempt': claim?.claimAttempts,
      'intent_bus.duration': duration,
      'intent_bus.retry.delay': delayMs === undefined ? undefined : delayMs / 1000,
      'error.type': error === undefined ? undefined : errorType(error),
    }
    return Object.fromEntries(
      Object.entries(attributes).filter(([, value]) => value !== undefined),
    ) as Attributes
  }
}
