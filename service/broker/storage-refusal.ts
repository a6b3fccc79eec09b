import { BusError } from '../errors.ts'
import type { StorageError } from '../store/store.ts'

/**
 * A full disk refuses before anything is written. A sync that failed may have left the whole commit in the log: the bus
 * takes it back and goes on, but if it is killed before the next commit, the log is read again, and it is there.
 */
export function storageRefusal({ reason }: StorageError): BusError {
  return reason === 'full'
    ? new BusError('storage_full', 'The disk is full: nothing was written. Reads still work.', 10)
    : new BusError(
        'storage_failed',
        'The disk did not confirm this. Try again, a publish with its Idempotency-Key: after a crash it may turn out to be there.',
        5,
      )
}
