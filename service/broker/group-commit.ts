import { BusError } from '../errors.ts'
import { type Committed, type Op, type Outcome, StorageError, type Store } from '../store/store.ts'

type Waiting = { op: Op; resolve: (outcome: Outcome) => void; reject: (reason: Error) => void }

export type GroupCommitLimits = {
  /** Operations that may wait at once; beyond it a request is refused before any work is done. */
  maxQueued: number
  /** Operations in one transaction. */
  maxBatch: number
}

export type GroupCommitReport = {
  committed(committed: Committed, operations: number): void
  failed(reason: 'full' | 'failed', error: unknown): void
}

/**
 * Whatever has queued while one transaction syncs becomes the next transaction. There is no timer: an idle bus
 * commits at once, a busy one grows its batches by itself. Nobody hears of an operation before its commit is on disk.
 */
export class GroupCommit {
  readonly #store: Store
  readonly #now: () => number
  readonly #limits: GroupCommitLimits
  readonly #report: GroupCommitReport
  #queue: Waiting[] = []
  #syncing: Promise<void> | null = null

  constructor(store: Store, now: () => number, limits: GroupCommitLimits, report: GroupCommitReport) {
    this.#store = store
    this.#now = now
    this.#limits = limits
    this.#report = report
  }

  get queued(): number {
    return this.#queue.length
  }

  /**
   * @returns the outcome, after the commit that holds it is on disk
   * @throws {BusError} `overloaded`, `storage_full` or `storage_failed`
   */
  submit<O extends Op>(op: O): Promise<Outcome<O['kind']>> {
    if (this.#queue.length >= this.#limits.maxQueued) {
      return Promise.reject(
        new BusError('overloaded', 'Too many operations are waiting for the disk. Try again shortly.', 1),
      )
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ op, resolve: resolve as (outcome: Outcome) => void, reject })
      this.#syncing ??= this.#run()
    })
  }

  /** Resolves once nothing is queued or syncing. */
  async drained(): Promise<void> {
    while (this.#syncing !== null) await this.#syncing
  }

  async #run(): Promise<void> {
    // One turn of the microtask queue, so that requests parsed in the same tick share the first commit.
    await null
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, this.#limits.maxBatch)
      await this.#commit(batch)
    }
    this.#syncing = null
  }

  async #commit(batch: Waiting[]): Promise<void> {
    let committed: Committed
    try {
      committed = await this.#store.commit(
        batch.map(waiting => waiting.op),
        this.#now(),
      )
    } catch (error) {
      this.#report.failed(error instanceof StorageError ? error.reason : 'failed', error)
      const refusal = asBusError(error)
      for (const waiting of batch) waiting.reject(refusal)
      return
    }
    this.#report.committed(committed, batch.length)
    for (const [i, waiting] of batch.entries()) waiting.resolve(committed.outcomes[i]!)
  }
}

function asBusError(error: unknown): Error {
  if (!(error instanceof StorageError)) return error instanceof Error ? error : new Error(String(error))
  return error.reason === 'full'
    ? new BusError('storage_full', 'The disk is full: nothing was written. Reads still work.', 10)
    : new BusError('storage_failed', 'The disk did not take the write: nothing was written.', 5)
}
