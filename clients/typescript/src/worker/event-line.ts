import type { WorkerEvent } from './events.ts'

/** An event as a line for people: `resize: 4f… is fulfilled, after 0.32 s`. Without a time, which a log has. */
export function eventLine({ name, attributes, error }: WorkerEvent): string {
  const goal = attributes['messaging.destination.name']
  const id = attributes['messaging.message.id']
  const why = error === undefined ? '' : `: ${oneLine(error)}`
  return `${goal}: ${told()}`

  function told(): string {
    switch (name) {
      case 'worker.started':
        return `waiting for work in the namespace ${attributes['messaging.consumer.group.name']} of ${attributes['url.full']}, as ${attributes['messaging.client.id']}`
      case 'worker.retrying':
        return `no luck with the bus, again in ${seconds('intent_bus.retry.delay')}${why}`
      case 'worker.reconnected':
        return 'the bus is back'
      case 'worker.draining':
        return `claims no more, and finishes what has begun${why}`
      case 'worker.stopped':
        return `has stopped${why}`
      case 'intent.claimed':
        return `claimed ${attributes['messaging.batch.message_count']}`
      case 'intent.started':
        return `${id} begins, attempt ${attributes['intent_bus.attempt']}`
      case 'intent.fulfilled':
        return `${id} is fulfilled, after ${seconds('intent_bus.duration')}`
      case 'intent.failed':
        return `${id} failed${why}`
      case 'intent.lease_lost':
        return `${id} is somebody else’s now${why}`
    }
  }

  function seconds(attribute: string): string {
    return `${Math.round(100 * Number(attributes[attribute])) / 100} s`
  }
}

const oneLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ')
