import type { Observer } from '../broker/observer.ts'
import type { StorageFault } from '../store/store.ts'

/** A disk that fails does so at every commit: one line in so long says it, in ms. */
const QUIET_MS = 1000

const LINES: Record<StorageFault, string> = {
  full: 'a commit failed: the disk is full',
  damaged:
    'an operation failed: it needs a damaged part of the database (docs/operations/corrupt-database.md)',
  failed: 'a commit failed: the disk did not confirm it',
}

/** Says in the log why commits fail, beside what else listens. */
export function withStorageLog(
  observer: Observer,
  log: { error(fields: object, line: string): void },
): Observer {
  let spokenAt = Number.NEGATIVE_INFINITY
  return {
    ...observer,
    storageFailed(reason, error) {
      observer.storageFailed(reason, error)
      if (performance.now() - spokenAt < QUIET_MS) return
      spokenAt = performance.now()
      log.error({ err: error }, LINES[reason])
    },
  }
}
