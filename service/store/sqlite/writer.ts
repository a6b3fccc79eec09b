import { statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Database, Statement } from 'better-sqlite3'
import type { Committed, Lapse, Op, Outcome, Stats } from '../store.ts'
import { Lanes } from './lanes.ts'
import { apply } from './operations/apply.ts'
import { prepareAll, WRITE_SQL } from './statements.ts'
import { isStorageFault, storageError } from './storage-faults.ts'

/** How stale `last_seen` may be on disk: it need not be written by every commit. */
const SEEN_STEP_MS = 1000

/**
 * The one writing connection and what is kept in memory beside it. Synchronous: it is for a thread of its own.
 * Operations (`operations/`) work on its public parts.
 */
export class Writer {
  readonly db: Database
  readonly sql: { [name in keyof typeof WRITE_SQL]: Statement }
  readonly lanes: Lanes
  /** What time did to intents in the commit under way. */
  readonly lapses: Lapse[] = []
  /** Lower bounds of the next time-driven move, by state; Infinity when there is none. */
  next = { delayed: 0, ready: 0, claimed: 0 }
  now = 0
  #seen = 0
  readonly #complain: (message: string) => void

  /** @param complain where an operation that could not be carried out is reported */
  constructor(db: Database, complain: (message: string) => void) {
    this.db = db
    this.#complain = complain
    this.sql = prepareAll(db, WRITE_SQL)
    this.lanes = new Lanes(db)
    this.lookAhead()
  }

  get nextDue(): number | null {
    const next = Math.min(this.next.delayed, this.next.ready, this.next.claimed)
    return next === Number.POSITIVE_INFINITY ? null : next
  }

  /** Asks the agenda when time next moves anything: three probes. */
  lookAhead(): void {
    const first = (statement: Statement) =>
      (statement.get() as { due_at: number } | undefined)?.due_at ?? Number.POSITIVE_INFINITY
    this.next = {
      delayed: first(this.sql.nextDelayed),
      ready: first(this.sql.nextReady),
      claimed: first(this.sql.nextClaimed),
    }
  }

  /**
   * One transaction for all of `ops`. An operation that throws for a reason of its own must not take its
   * neighbours along: the batch is rolled back and done again one by one. That is rare; a savepoint per operation
   * would be paid by all of them.
   *
   * @throws {StorageError} when the disk did not take it; nothing has happened then
   */
  commit(ops: readonly Op[], now: number): Committed {
    const started = performance.now()
    this.now = now
    this.lapses.length = 0
    const outcomes = this.#together(ops) ?? ops.map(op => this.#alone(op))
    return {
      outcomes,
      lapses: [...this.lapses],
      nextDue: this.nextDue,
      durationMs: performance.now() - started,
    }
  }

  stats(): Stats {
    const bytes = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0
    const disk = statfsSync(dirname(this.db.name))
    const oldest = this.sql.nextReady.get() as { due_at: number } | undefined
    return {
      depth: this.lanes.depth(),
      lanes: this.lanes.size,
      oldestReadyExpiresAt: oldest?.due_at ?? null,
      databaseBytes: bytes(this.db.name),
      walBytes: bytes(`${this.db.name}-wal`),
      diskFreeBytes: disk.bavail * disk.bsize,
    }
  }

  #together(ops: readonly Op[]): Outcome[] | null {
    try {
      return this.#transaction(ops)
    } catch (error) {
      this.#undo()
      if (isStorageFault(error)) throw storageError(error)
      if (ops.length === 1) return [this.#refuse(error)]
      return null
    }
  }

  #alone(op: Op): Outcome {
    try {
      return this.#transaction([op])[0]!
    } catch (error) {
      this.#undo()
      if (isStorageFault(error)) throw storageError(error)
      return this.#refuse(error)
    }
  }

  #transaction(ops: readonly Op[]): Outcome[] {
    this.db.exec('BEGIN IMMEDIATE')
    const outcomes = ops.map(op => apply(this, op))
    this.lanes.flush()
    if (this.now >= this.#seen + SEEN_STEP_MS) {
      this.sql.saw.run(this.now)
      this.#seen = this.now
    }
    this.db.exec('COMMIT')
    return outcomes
  }

  #undo(): void {
    if (this.db.inTransaction) this.db.exec('ROLLBACK')
    this.lapses.length = 0
    this.#seen = 0
    this.lanes.reload()
    this.lookAhead()
  }

  #refuse(error: unknown): Outcome {
    this.#complain(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return { ok: false, refusal: 'internal' }
  }
}
