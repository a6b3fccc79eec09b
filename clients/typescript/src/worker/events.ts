/**
 * What a worker tells whoever listens. Names and attributes follow OpenTelemetry's conventions for messaging
 * (`messaging.*`, `error.type`), so that they go onto spans, metrics and log lines as they are.
 */

export type EventName =
  /** It begins to claim. */
  | 'worker.started'
  /** Intents were claimed. */
  | 'intent.claimed'
  /** The handler begins. */
  | 'intent.started'
  /** The bus has the result. */
  | 'intent.fulfilled'
  /** The handler threw, and the bus knows; it is tried again later, or dead. */
  | 'intent.failed'
  /** Somebody else may do it now: what the handler made of it is thrown away. */
  | 'intent.lease_lost'
  /**
   * A request to the bus went wrong; it is made again after `intent_bus.retry.delay`. Something else that answers in its
   * place, or a wrong clock, is told of at once and then once a minute.
   */
  | 'worker.retrying'
  /** The bus answers a claim again, after `worker.retrying`. */
  | 'worker.reconnected'
  /** It claims no more, and finishes what it has begun. */
  | 'worker.draining'
  | 'worker.stopped'

export type Attributes = Readonly<Record<string, string | number>>

export type WorkerEvent = {
  readonly name: EventName
  /**
   * | attribute | |
   * | --- | --- |
   * | `messaging.system` | `intent_bus` |
   * | `messaging.destination.name` | the goal |
   * | `messaging.consumer.group.name` | the namespace |
   * | `messaging.client.id` | the worker's id |
   * | `url.full` | the bus it works for |
   * | `messaging.message.id` | the intent's id |
   * | `messaging.operation.name` | `claim`, `process`, `settle` or `extend` |
   * | `messaging.batch.message_count` | how many were claimed |
   * | `intent_bus.attempt` | which attempt it is, from 1 |
   * | `intent_bus.duration` | seconds the handler took |
   * | `intent_bus.retry.delay` | seconds until the request is made again |
   * | `error.type` | the code of a bus error, or the class of another |
   */
  readonly attributes: Attributes
  /** What went wrong, where something did. */
  readonly error?: unknown
}

export type Hooks = {
  /** Told of everything. What it throws is ignored: a broken meter does not stop the work. */
  onEvent?: (event: WorkerEvent) => void
  /**
   * Wraps the handler, for a span that is active while it runs:
   * `around: (attributes, run) => tracer.startActiveSpan('process resize', { attributes }, async span => { try { return await run() } finally { span.end() } })`.
   * It must call `run` once and give back what it gives.
   */
  around?: (attributes: Attributes, run: () => Promise<unknown>) => Promise<unknown>
}

export const errorType = (error: unknown): string => {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown }
  return typeof code === 'string' ? code : typeof name === 'string' ? name : typeof error
}
