/** Requests that carry many: `{"intents": […]}` and `{"items": […]}`. */
import type { onRequestHookHandler } from 'fastify'
import { BusError } from '../../errors.ts'
import type { RequestLimits } from '../limits/request-limits.ts'

export const MOST_ITEMS = 1000

const MIB = 1024 * 1024

/** An item is read in one go, so it has an end well before the batch has: what a body of its own may have, and never less than 1 MiB. */
export const mostItemBytes = ({ bodyLimitBytes }: { bodyLimitBytes: number }): number =>
  Math.max(bodyLimitBytes, MIB)

/** Says which item an error is about. @throws {BusError} */
export function inItem<T>(list: string, index: number, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof BusError)) throw error
    throw new BusError(error.code, `${list}[${index}]: ${error.message}`, error.retryAfter)
  }
}

/** Refuses a batch that has no place, before its body is read. */
export const oneOfFew =
  (limits: Pick<RequestLimits, 'enterBatch'>): onRequestHookHandler =>
  (request, reply, done) => {
    try {
      limits.enterBatch(request, reply)
    } catch (error) {
      return done(error as Error)
    }
    done()
  }
