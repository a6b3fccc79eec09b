import { BusError } from '../errors.ts'
import type { StorageError, StorageFault } from '../store/store.ts'

/** It is not mended by trying again: an operator has to. */
const DAMAGED_RETRY_S = 30

const REFUSALS: Record<StorageFault, () => BusError> = {
  full: () => new BusError('storage_full', 'The disk is full: nothing was written. Reads still work.', 10),
  damaged: () =>
    new BusError(
      'store_damaged',
      'What this needs is on a damaged part of the database: nothing was done. The operator has to repair it.',
      DAMAGED_RETRY_S,
    ),
  failed: () =>
    new BusError(
      'storage_failed',
      'The disk did not confirm this. Try again, a publish with its Idempotency-Key: after a crash it may turn out to be there.',
      5,
    ),
}

/**
 * A full disk refuses before anything is written. A sync that failed may have left the whole commit in the log: the bus
 * takes it back and goes on, but if it is killed before the next commit, the log is read again, and it is there.
 */
export const storageRefusal = ({ reason }: Pick<StorageError, 'reason'>): BusError => REFUSALS[reason]()
