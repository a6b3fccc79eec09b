/** What the store refuses, as the errors that clients see. */
import { BusError } from '../errors.ts'
import type { Refusal } from '../store/outcomes.ts'

/** Told apart from other limits: whoever answers it knows how many these may be. */
export class OpenLimitError extends BusError {
  constructor() {
    super('limit_exceeded', 'This key has as many open intents as it may have.', 5)
  }
}

/** @param naming what stands before the message when one of several was refused */
export function accept<T>(
  outcome: { ok: true; value: T } | { ok: false; refusal: Refusal; item?: number },
  naming: (item: number) => string = () => '',
): T {
  if (outcome.ok) return outcome.value
  const refusal = refusalOf(outcome.refusal)
  if (outcome.item !== undefined) refusal.message = naming(outcome.item) + refusal.message
  throw refusal
}

const REFUSALS: Record<Refusal, () => BusError> = {
  replay: () => new BusError('invalid_signature', 'Replay detected'),
  limit_exceeded: () => new OpenLimitError(),
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
  key_replaced: () =>
    new BusError('invalid_request', 'This key has been rotated already: rotate its successor instead.'),
  key_end_unsaid: () =>
    new BusError(
      'invalid_request',
      'The successor of this key is revoked, and this one ends with its overlap: say with expires_in how long the new one lives (0: without end).',
    ),
  damaged: () =>
    new BusError(
      'storage_failed',
      'What this needs is on a damaged part of the database: nothing was done. The operator has to repair it.',
      30,
    ),
  internal: () => new BusError('internal_error', 'The bus could not carry this out; it has been logged.'),
}

export const refusalOf = (refusal: Refusal): BusError => REFUSALS[refusal]()
