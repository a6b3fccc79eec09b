/** Requests that carry many: `{"intents": […]}` and `{"items": […]}`. */
import { BusError } from '../errors.ts'

export const MOST_ITEMS = 1000

/** Says which item an error is about. @throws {BusError} */
export function inItem<T>(list: string, index: number, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof BusError)) throw error
    throw new BusError(error.code, `${list}[${index}]: ${error.message}`, error.retryAfter)
  }
}
