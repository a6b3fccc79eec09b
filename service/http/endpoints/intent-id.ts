import { BusError } from '../../errors.ts'
import { INTENT_ID } from '../schemas/fields.ts'

/** Of an item. What cannot be an id names no intent: 404, as for one that is gone. @throws {BusError} `not_found` */
export function idOf(sent: unknown): string {
  if (typeof sent === 'string' && INTENT_ID.test(sent)) return sent
  throw new BusError('not_found', 'Intent not found.')
}
