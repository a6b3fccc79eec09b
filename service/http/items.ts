/** Requests that carry many: `{"intents": […]}` and `{"items": […]}`. */
import type { onRequestHookHandler } from 'fastify'
import { BusError } from '../errors.ts'

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

/** Bodies of such requests that are read or worked on at once: each is up to 16 MiB, and is held whole. */
const MOST_AT_ONCE = 16
let atOnce = 0

/** Refuses a batch while so many others are under way, before its body is read. */
export const oneOfFew: onRequestHookHandler = (_request, reply, done) => {
  if (atOnce >= MOST_AT_ONCE)
    return done(new BusError('overloaded', 'Too many batches at once. Try again shortly.', 1))
  atOnce += 1
  reply.raw.once('close', () => {
    atOnce -= 1
  })
  done()
}
