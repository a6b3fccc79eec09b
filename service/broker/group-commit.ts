import { BusError } from '../errors.ts'
import type { Op } from '../store/operations.ts'
import type { Outcome } from '../store/outcomes.ts'
import { StorageError, type StorageFault, type Store, type Transaction } from '../store/store.ts'
import { storageRefusal } from './storage-refusal.ts'

type Waiting = { op: Op; resolve: (outcome: Outcome) => void; reject: (reason: unknown) => void }

/** Resolves after the commit that holds the operation is on disk. */
export type Submit = <O extends Op>(op: O) => Promise<Outcome<O['kind']>>

export type GroupCommitLimits = {
  /** Operations that may be without an answer at once; beyond it a request is refused before any work is done. */
  maxQueued: number
}

export type GroupCommitReport = {
  committed(transaction: Transaction): void
  failed(reason: StorageFault, error: unknown): void
}

/**
 * Hand-overs that are kept under way: one that syncs, and one that lies ready when it is done. With one alone the
 * writer waits for us and we for it: 5,400 cycles/s at 40 connections became 7,100 (2 cores shared with the load). With
 * no bound each turn of the loop hands over its few: 7 operations in each instead of 11, at 4 us of both threads' time.
 */
const AHEAD = 2

/** So many are handed over in any case: a burst that came together would otherwise stay together, in step with the disk. */
const HANDFUL = 16

/**
 * Hands operations to the store, which puts whatever comes while one transaction syncs into the next one. There is no
 * timer: an idle bus commits at once, a busy one grows its transactions by itself. Nobody hears of an operation before
 * its transaction is on disk.
 */
export class GroupCommit {
  readonly #store: Store
  readonly #now: () => number
  readonly #limits: GroupCommitLimits
  readonly #report: GroupCommitReport
  #gathered: Waiting[] = []
  readonly #along: Op[] = []
  #unanswered = 0
  /** Hand-overs that are not answered. */
  #underWay = 0
  #willHandOver = false
  #lastTransaction: Transaction | null = null
  #lastFault: unknown = null
  #idle: PromiseWithResolvers<void> | null = null

  constructor(store: Store, now: () => number, limits: GroupCommitLimits, report: GroupCommitReport) {
    this.#store = store
    this.#now = now
    this.#limits = limits
    this.#report = report
  }

  /** Operations that nobody has been told the outcome of. */
  get queued(): number {
    return this.#unanswered
  }

  /**
   * @returns the outcome, after the transaction that holds it is on disk
   * @throws {BusError} `overloaded`, `storage_full`, `storage_failed` or `store_damaged`
   */
  submit<O extends Op>(op: O): Promise<Outcome<O['kind']>> {
    if (this.#unanswered >= this.#limits.maxQueued) {
      return Promise.reject(
        new BusError('overloaded', 'Too many operations are waiting for the disk. Try again shortly.', 1),
      )
    }
    this.#unanswered += 1
    return new Promise((resolve, reject) => {
      this.#gathered.push({ op, resolve: resolve as (outcome: Outcome) => void, reject })
      if (this.#underWay === 0 || this.#gathered.length >= HANDFUL) this.#handOver()
      else if (this.#underWay < AHEAD) this.#handOverSoon()
    })
  }

  /** Takes it along with the next hand-over, and causes none: for what can wait, and whose outcome nobody waits for. */
  along(op: Op): void {
    this.#along.push(op)
  }

  /** Hands over what goes along, when nobody else will any more. */
  handOverRest(): void {
    if (this.#along.length > 0) this.#handOver()
  }

  /** Resolves once every operation has its outcome. */
  async drained(): Promise<void> {
    if (this.#unanswered === 0) return
    this.#idle ??= Promise.withResolvers()
    await this.#idle.promise
  }

  /** When the requests that came in together have been read. */
  #handOverSoon(): void {
    if (this.#willHandOver) return
    this.#willHandOver = true
    setImmediate(() => {
      this.#willHandOver = false
      this.#handOverIfRoom()
    })
  }

  #handOverIfRoom(): void {
    if (this.#gathered.length > 0 && this.#underWay < AHEAD) this.#handOver()
  }

  async #handOver(): Promise<void> {
    const batch = this.#gathered
    const along = this.#along.splice(0)
    this.#gathered = []
    this.#underWay += 1
    this.#unanswered += along.length
    try {
      const ops = batch.map(waiting => waiting.op)
      ops.push(...along)
      const { outcomes, transaction } = await this.#store.commit(ops, this.#now())
      if (transaction !== this.#lastTransaction) this.#report.committed(transaction)
      this.#lastTransaction = transaction
      for (let i = 0; i < batch.length; i += 1) batch[i]!.resolve(outcomes[i]!)
    } catch (error) {
      if (error !== this.#lastFault)
        this.#report.failed(error instanceof StorageError ? error.reason : 'failed', error)
      this.#lastFault = error
      this.#along.push(...along)
      const refusal = error instanceof StorageError ? storageRefusal(error) : error
      for (const waiting of batch) waiting.reject(refusal)
    } finally {
      this.#underWay -= 1
      this.#unanswered -= batch.length + along.length
      this.#handOverIfRoom()
      if (this.#unanswered === 0) {
        this.#idle?.resolve()
        this.#idle = null
      }
    }
  }
}
