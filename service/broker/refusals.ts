/** What the store refuses, as the errors that clients see. */
import { BusError } from '../errors.ts'
import type { Refusal, Refused } from '../store/outcomes.ts'
import { storageRefusal } from './storage-refusal.ts'

/** Told apart from other limits: whoever answers it knows how many these may be. */
export class OpenLimitError extends BusError {
  constructor() {
    super('limit_exceeded', 'This key has as many open intents as it may have.', 5)
  }
}

/** @param naming what stands before the message when one of several was refused */
export function accept<T>(
  outcome: { ok: true; value: T } | Refused,
  naming: (item: number) => string = () => '',
): T {
  if (outcome.ok) return outcome.value
  const refusal = refusalOf(outcome)
  if (outcome.item !== undefined) refusal.message = naming(outcome.item) + refusal.message
  throw refusal
}

/** What a limit in bytes refuses can wait for workers, or for values to expire. */
const BYTES_RETRY_S = 30
const DISK_RETRY_S = 10

const REFUSALS: Record<Refusal, (refused: Refused) => BusError> = {
  replay: () => new BusError('invalid_signature', 'Replay detected'),
  limit_exceeded: () => new OpenLimitError(),
  too_many_bytes: ({ held = 0, most = 0 }) =>
    new BusError(
      'limit_exceeded',
      `This key holds ${held} bytes of values and open payloads, of the ${most} that one key may hold here (BUS_MAX_KEY_BYTES). Wait until workers have claimed what is open, or give values a shorter ttl.`,
      BYTES_RETRY_S,
    ),
  disk_low: () =>
    new BusError(
      'storage_full',
      'The disk of the bus is nearly full: no new intents and values until there is room. What is under way can be settled.',
      DISK_RETRY_S,
    ),
  disk_full: () =>
    new BusError(
      'storage_full',
      'The disk of the bus is full: nothing was written. Reads still work, and so does what deletes.',
      DISK_RETRY_S,
    ),
  idempotency_conflict: () => new BusError('idempotency_conflict', 'Key reused with different payload'),
  lease_lost: () => new BusError('not_found', 'Intent not found, or its lease is no longer yours.'),
  not_found: () => new BusError('not_found', 'Intent not found.'),
  not_yours: () =>
    new BusError(
      'forbidden',
      'Another key published this intent. Only its publisher may do this, or an admin with the admin token.',
    ),
  not_ended: () =>
    new BusError('not_found', 'Nothing to retry: this intent is still open or claimed. Cancel it first.'),
  no_key: () => new BusError('not_found', 'There is no key with that number.'),
  key_number_taken: () => new BusError('overloaded', 'Another key was made at the same time. Try again.', 1),
  key_replaced: () =>
    new BusError('invalid_request', 'This key has been rotated already: rotate its successor instead.'),
  key_end_unsaid: () =>
    new BusError(
      'invalid_request',
      'The successor of this key is revoked, and this one ends with its overlap: say with expires_in how long the new one lives (0: without end).',
    ),
  damaged: () => storageRefusal({ reason: 'damaged' }),
  internal: () => new BusError('internal_error', 'The bus could not carry this out; it has been logged.'),
}

export const refusalOf = (refused: Refused): BusError => REFUSALS[refused.refusal](refused)
