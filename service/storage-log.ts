import type { Observer } from './broker/observer.ts'

/** A disk that fails does so at every commit: one line in so long says it, in ms. */
const QUIET_MS = 1000

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
      log.error({ err: error }, reason === 'full' ? 'a commit failed: the disk is full' : 'a commit failed')
    },
  }
}
