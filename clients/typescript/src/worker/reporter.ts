import type { Clock } from '../clock.ts'
import { UnexpectedAnswerError } from '../errors.ts'
import { isStale } from '../retry.ts'
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

/** What may last for hours, such as the sign-in page of a network, is told of so often. */
const REPEATED_AFTER_MS = 60_000

/** Tells the hooks what a worker does. */
export class Reporter {
  readonly #hooks: Hooks
  readonly #worker: Attributes
  readonly #clock: Clock
  /** When each kind of what may last was told of. */
  readonly #toldAt = new Map<string, number>()

  constructor(
    hooks: Hooks = {},
    worker: { url: string; goal: string; namespace: string | undefined; workerId: string },
    clock: Clock,
  ) {
    this.#hooks = hooks
    this.#clock = clock
    this.#worker = {
      'messaging.system': 'intent_bus',
      'messaging.destination.name': worker.goal,
      'messaging.consumer.group.name': worker.namespace ?? 'default',
      'messaging.client.id': worker.workerId,
      'url.full': worker.url,
    }
  }

  tell(name: EventName, told: Told = {}): void {
    if (name === 'worker.reconnected') this.#toldAt.clear()
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
    return (error: unknown, delayMs: number) => {
      if (!this.#wasJustTold(error)) this.tell('worker.retrying', { operation, delayMs, error })
    }
  }

  #wasJustTold(error: unknown): boolean {
    if (!(error instanceof UnexpectedAnswerError || isStale(error))) return false
    const kind = errorType(error)
    const now = this.#clock.now()
    if (now - (this.#toldAt.get(kind) ?? Number.NEGATIVE_INFINITY) < REPEATED_AFTER_MS) return true
    this.#toldAt.set(kind, now)
    return false
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
