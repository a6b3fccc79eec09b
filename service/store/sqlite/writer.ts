import { statSync } from 'node:fs'
import type { Database, Statement } from 'better-sqlite3'
import type { KeyId } from '../../intent/routing.ts'
import type { Op } from '../operations.ts'
import type { Lapse, Outcome } from '../outcomes.ts'
import type { Depth, GoalDepth, KeyHolding } from '../records.ts'
import { type Readied, type RoomState, type Stats, StorageError, type Transaction } from '../store.ts'
import { startLogOver } from './checkpoints.ts'
import { KeyHoldings } from './key-holdings.ts'
import { Lanes } from './lanes.ts'
import { apply } from './operations/apply.ts'
import { Room, type RoomLog, type RoomSettings } from './room.ts'
import { prepareAll, WRITE_SQL } from './statements.ts'
import { isDamage, isStorageFault, storageError } from './storage-faults.ts'

/** Operations, and the bus time at which they are carried out. */
export type Timed = { ops: readonly Op[]; now: number }

/** Operations of one commit that may be left out of it, each at the price of doing all again. Beyond it all of them fail. */
const MOST_DAMAGED = 16

const isFull = (error: unknown): boolean => error instanceof StorageError && error.reason === 'full'

const isPurgeOfAll = (op: Op): boolean => op.kind === 'purge' && op.namespace === null

/** Pages of 4 KiB: from 8 MiB that are free it is worth it, and what is left fits in the log and in memory: 16 MiB. */
const SHRINK_FROM_PAGES = 2000
const SHRINK_TO_PAGES = 4000

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
  readonly holdings: KeyHoldings
  readonly room: Room
  /** What time did to intents in the commit under way. */
  readonly lapses: Lapse[] = []
  /** The operation that is carried out alone, and what was said of those before it that met a damaged page. */
  #alone: Op | null = null
  readonly #damaged = new Map<Op, string>()
  #toldOf = ''
  /** What became ready in it before the lanes were last read again. */
  readonly #readied: Readied[] = []
  /** Lower bounds of the next time-driven move, by state; Infinity when there is none. */
  next = { delayed: 0, ready: 0, claimed: 0 }
  now = 0
  #seen = 0
  /** What is kept in memory has to be read again before it is used. */
  #stale = false
  #dataVersion: number | null = null
  readonly #log: RoomLog

  /** @param log where an operation that could not be carried out is reported, and a disk that is full */
  constructor(db: Database, log: RoomLog, room?: RoomSettings) {
    this.db = db
    this.#log = log
    this.room = new Room(db, log, room)
    this.sql = prepareAll(db, WRITE_SQL)
    // Before anything is read: what is written from here on is seen by the first commit.
    this.#dataVersion = (this.sql.foreignWrites.get() as { data_version: number }).data_version
    this.holdings = new KeyHoldings(db)
    this.lanes = new Lanes(db, this.holdings)
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
   * One transaction for all of `batches`. An operation that throws for a reason of its own must not take its
   * neighbours along: all is rolled back and done again with a savepoint per operation. That is rare, and savepoints would
   * be paid by every operation otherwise. Once an operation has met a damaged page, SQLite lets nothing more be written in
   * its transaction: all is rolled back and done again without it.
   *
   * @throws {StorageError} when the disk did not take it; nothing has happened then
   */
  commit(batches: readonly Timed[]): { outcomes: Outcome[][]; transaction: Transaction } {
    const started = performance.now()
    this.lapses.length = 0
    this.#look(started)
    const outcomes = this.#withRoom(batches)
    if (batches.some(({ ops }) => ops.some(isPurgeOfAll))) this.#shrink()
    return {
      outcomes,
      transaction: {
        operations: batches.reduce((sum, { ops }) => sum + ops.length, 0),
        lapses: [...this.lapses],
        readied: [...this.#readied.splice(0), ...this.lanes.takeReadied()],
        nextDue: this.nextDue,
        damage: [...this.#damaged.values()],
        durationMs: performance.now() - started,
      },
    }
  }

  /**
   * A full disk is not always the end: a log that can still be copied starts over in the room it has. Where it cannot, and there
   * is something to be carried out that frees room, what was put by is given up for it.
   */
  #withRoom(batches: readonly Timed[]): Outcome[][] {
    try {
      return this.#carryOut(batches)
    } catch (error) {
      if (!isFull(error) || !this.#makeRoom(batches)) throw error
    }
    for (;;) {
      try {
        return this.#carryOut(batches)
      } catch (error) {
        if (!isFull(error) || !this.#giveUpRoom(batches)) throw error
      }
    }
  }

  #makeRoom(batches: readonly Timed[]): boolean {
    return startLogOver(this.db) || this.#giveUpRoom(batches)
  }

  #giveUpRoom(batches: readonly Timed[]): boolean {
    const isWorthIt = batches.some(({ ops }) => ops.some(Room.isWayOut))
    if (!isWorthIt || !this.room.giveUp()) return false
    startLogOver(this.db)
    return true
  }

  /** Gives the disk back what a purge has freed inside the database. The little that is left goes through the log. */
  #shrink(): void {
    const pages = (name: 'page_count' | 'freelist_count') => this.db.pragma(name, { simple: true }) as number
    const free = pages('freelist_count')
    if (free < SHRINK_FROM_PAGES || pages('page_count') - free > SHRINK_TO_PAGES) return
    try {
      this.db.exec('VACUUM')
      startLogOver(this.db)
    } catch (error) {
      if (!isStorageFault(error)) throw error
      this.#log.error(`the database could not be made smaller: ${(error as Error).message}`)
    }
  }

  #carryOut(batches: readonly Timed[]): Outcome[][] {
    this.#damaged.clear()
    let outcomes = this.#attempt(batches, op => apply(this, op), isDamage)
    for (let found = -1; outcomes === null && found < this.#damaged.size; ) {
      found = this.#damaged.size
      outcomes = this.#attempt(
        batches,
        op => this.#carryOutAlone(op),
        error => this.#setsAside(error),
      )
    }
    if (outcomes === null) throw new StorageError('failed', 'the writer could not end its transaction')
    return outcomes
  }

  stats(): Stats {
    if (this.#stale) this.#recall()
    const bytes = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0
    const oldest = this.sql.nextReady.get() as { run_at: number } | undefined
    return {
      totals: this.lanes.depths.totals,
      namespaces: this.lanes.depths.namespaces,
      lanes: this.lanes.depths.lanes,
      oldestReadySince: oldest?.run_at ?? null,
      databaseBytes: bytes(this.db.name),
      walBytes: bytes(`${this.db.name}-wal`),
      room: this.roomState(),
    }
  }

  /** A look at the disk that is a second old at most. */
  roomState(): RoomState {
    this.#look(performance.now())
    return this.room.state
  }

  /** While room is low the log is kept short: what was put by has to be enough to copy it. */
  #look(at: number): void {
    if (this.room.look(at, this.holdings.bytes) && this.room.isLow) startLogOver(this.db)
  }

  held(): ReadonlyMap<KeyId, KeyHolding> {
    if (this.#stale) this.#recall()
    return this.holdings.perKey()
  }

  depths(names: readonly string[], most: number): Depth[] {
    if (this.#stale) this.#recall()
    return this.lanes.depths.of(names, most)
  }

  busiestGoals(limit: number): GoalDepth[] {
    if (this.#stale) this.#recall()
    return this.lanes.busiestGoals(limit)
  }

  /**
   * @param isWorthAnother a fault of the disk after which it may be tried in another way
   * @returns `null`, with all of it undone, when an operation threw
   */
  #attempt(
    batches: readonly Timed[],
    carryOut: (op: Op) => Outcome,
    isWorthAnother: (error: unknown) => boolean,
  ): Outcome[][] | null {
    try {
      this.sql.begin.run()
      if (this.#stale || this.#isWrittenByOthers()) this.#recall()
      const outcomes = batches.map(({ ops, now }) => {
        this.now = now
        return ops.map(carryOut)
      })
      this.lanes.flush()
      if (this.now >= this.#seen + SEEN_STEP_MS) {
        this.sql.saw.run(this.now)
        this.#seen = this.now
      }
      this.sql.commit.run()
      return outcomes
    } catch (error) {
      if (this.db.inTransaction) this.sql.rollback.run()
      this.#stale = true
      this.#seen = 0
      this.lapses.length = 0
      this.#readied.length = 0
      if (isStorageFault(error) && !isWorthAnother(error)) throw storageError(error)
      return null
    }
  }

  #carryOutAlone(op: Op): Outcome {
    if (this.#damaged.has(op)) return { ok: false, refusal: 'damaged' }
    this.#alone = op
    const lapses = this.lapses.length
    // What is rolled back to must know the tallies so far: they are read again from there.
    this.lanes.flush()
    this.sql.savepoint.run()
    try {
      const outcome = apply(this, op)
      this.sql.release.run()
      this.#alone = null
      return outcome
    } catch (error) {
      if (isStorageFault(error)) throw error
      this.#alone = null
      this.sql.rollbackOne.run()
      this.sql.release.run()
      this.#readied.push(...this.lanes.takeReadied())
      this.#recall()
      this.lapses.length = lapses
      return this.#refuse(error)
    }
  }

  /**
   * The lock keeps other buses out, but not a hand with the sqlite3 shell, nor a bus whose lock file somebody deleted. What
   * is in memory is not the truth then; it is read again, in the transaction that is about to rely on it.
   */
  #isWrittenByOthers(): boolean {
    const { data_version: version } = this.sql.foreignWrites.get() as { data_version: number }
    const written = this.#dataVersion !== null && version !== this.#dataVersion
    this.#dataVersion = version
    if (written)
      this.#log.error(`${this.db.name} was written to by another process: is there a second bus on it?`)
    return written
  }

  /** Reads again what is kept in memory beside the tables. */
  #recall(): void {
    this.#stale = true
    this.lanes.reload()
    this.lookAhead()
    this.#stale = false
  }

  /** @returns whether the commit may be tried without the operation that met the damage, if it was one */
  #setsAside(error: unknown): boolean {
    const op = this.#alone
    this.#alone = null
    if (op === null || !isDamage(error) || this.#damaged.size === MOST_DAMAGED) return false
    this.#damaged.set(op, storageError(error).message)
    const what = 'id' in op ? `${op.kind} of ${op.id}` : op.kind
    // Workers ask again and again, and one line says it.
    if (what !== this.#toldOf) {
      this.#log.error(
        `a damaged page of the database keeps a ${what} from being carried out: docs/operations/corrupt-database.md`,
      )
    }
    this.#toldOf = what
    return true
  }

  #refuse(error: unknown): Outcome {
    this.#log.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return { ok: false, refusal: 'internal' }
  }
}
