import { statSync } from 'node:fs'
import type { Database, Statement } from 'better-sqlite3'
import type { KeyId } from '../../intent/routing.ts'
import type { Op } from '../operations.ts'
import type { Lapse, Outcome } from '../outcomes.ts'
import type { Depth, GoalDepth, KeyHolding } from '../records.ts'
import type { DamageState, Readied, RoomState, Stats, Transaction } from '../store.ts'
import { earliestOf, lookAhead, nextIn } from './agenda.ts'
import { rowBytesOf, type Timed } from './batches.ts'
import { Careful } from './careful.ts'
import { startLogOver } from './checkpoints.ts'
import { Damage } from './damage/damage.ts'
import { Detour } from './damage/detour.ts'
import { damagedParts, setAsideIn } from './damage/marker.ts'
import { damagedPartsOf } from './damage/survey.ts'
import { traced } from './damage/tracing.ts'
import { withRoom } from './full-disk.ts'
import { KeyHoldings } from './key-holdings.ts'
import { Lanes } from './lanes.ts'
import { apply } from './operations/apply.ts'
import { Room, type RoomLog, type RoomSettings } from './room.ts'
import { shrink } from './shrink.ts'
import { prepareAll, WRITE_SQL } from './statements.ts'
import { READY } from './states.ts'
import { isDamage, isStorageFault, storageError } from './storage-faults.ts'
import type { Agenda, Step, WriterState } from './writer-state.ts'

const isPurgeOfAll = (op: Op): boolean => op.kind === 'purge' && op.namespace === null

/** How stale `last_seen` may be on disk: it need not be written by every commit. */
const SEEN_STEP_MS = 1000

/**
 * The one writing connection and what is kept in memory beside it. Synchronous: it is for a thread of its own.
 * Operations (`operations/`) work on its public parts (`WriterState`).
 */
export class Writer implements WriterState {
  readonly db: Database
  sql: { [name in keyof typeof WRITE_SQL]: Statement }
  readonly lanes: Lanes
  readonly holdings: KeyHoldings
  readonly room: Room
  readonly damage: Damage
  /** The ways around damage; for when there is some. */
  readonly detour: Detour
  /** Parts of the time-driven work that meet damage with no intent to blame: they are left out until the next start. */
  readonly leftOut = new Set<Step>()
  /** The part of it that is under way. */
  step: Step | null = null
  /** What time did to intents in the commit under way. */
  readonly lapses: Lapse[] = []
  /** For commits of which the usual way cannot carry out all. */
  readonly careful: Careful
  readonly #statements: Writer['sql']
  /** What became ready in the commit under way before the lanes were last read again. */
  readonly readied: Readied[] = []
  /** When time next moves anything. */
  next: Agenda = { delayed: 0, ready: 0, claimed: 0 }
  now = 0
  /** About what the last commit added to the log, in bytes. */
  logged = 0
  #seen = 0
  /** What is kept in memory has to be read again before it is used. */
  #stale = false
  #dataVersion: number | null = null
  readonly #log: RoomLog
  #isLoaded = false
  readonly #unsaid: string[] = []

  /** @param log where an operation that could not be carried out is reported, and a disk that is full */
  constructor(db: Database, log: RoomLog, room?: RoomSettings, onDamage?: (state: DamageState) => void) {
    this.db = db
    this.#log = log
    this.room = new Room(db, log, room)
    this.damage = new Damage(db, { error: text => this.#say(text) }, onDamage)
    this.detour = new Detour(db, this.damage)
    this.#statements = prepareAll(db, WRITE_SQL)
    this.sql = this.#statements
    // Before anything is read: what is written from here on is seen by the first commit.
    this.#dataVersion = (this.sql.foreignWrites.get() as { data_version: number }).data_version
    this.holdings = new KeyHoldings(db, this.damage)
    this.lanes = new Lanes(db, this.holdings, this.damage, this.detour)
    this.careful = new Careful(this, log)
    this.damage.recall(setAsideIn(db.name))
    this.#load()
    for (const line of this.#unsaid.splice(0)) log.error(line)
    this.#isLoaded = true
  }

  /** A start that refuses says so in one line, and nothing else. */
  #say(line: string): void {
    if (this.#isLoaded) this.#log.error(line)
    else this.#unsaid.push(line)
  }

  /** @throws {StoreOpenError} when a table or an index is damaged; with intents that are, the bus starts */
  #load(): void {
    try {
      this.recall()
    } catch (error) {
      if (!isDamage(error)) throw error
      this.damage.isFound = true
      this.recall()
    }
    if (this.damage.parts.length === 0) return
    this.damage.keep()
    const found = damagedPartsOf(this.db.name)
    throw damagedParts(this.db.name, found.length > 0 ? found : this.damage.parts)
  }

  get nextDue(): number | null {
    return earliestOf(this.next)
  }

  /**
   * One transaction for all of `batches`. An operation that throws for a reason of its own must not take its
   * neighbours along: all is rolled back and done again with a savepoint per operation. That is rare, and savepoints would
   * be paid by every operation otherwise. Once an operation has met a damaged page, SQLite lets nothing more be written in
   * its transaction: all is rolled back and done again. An intent that cannot be read is set aside first, and whatever would have come to it
   * passes it by; where none is to blame, it is done again without the operation.
   *
   * @throws {StorageError} when the disk did not take it; nothing has happened then
   */
  commit(batches: readonly Timed[]): { outcomes: Outcome[][]; transaction: Transaction } {
    const started = performance.now()
    this.lapses.length = 0
    this.#look(started)
    const writtenBefore = this.room.written
    const outcomes = withRoom(this.db, this.room, batches, () => this.#carryOut(batches))
    this.logged = this.room.written - writtenBefore + rowBytesOf(batches)
    if (batches.some(({ ops }) => ops.some(isPurgeOfAll)) && !this.damage.isFound)
      shrink(this.db, this.room, this.#log)
    return {
      outcomes,
      transaction: {
        operations: batches.reduce((sum, { ops }) => sum + ops.length, 0),
        lapses: [...this.lapses],
        readied: [...this.readied.splice(0), ...this.lanes.takeReadied()],
        nextDue: this.nextDue,
        damage: this.careful.blame.said,
        durationMs: performance.now() - started,
      },
    }
  }

  #carryOut(batches: readonly Timed[]): Outcome[][] {
    this.careful.blame.begin()
    return (
      this.#attempt(batches, op => apply(this, op), isDamage) ??
      this.careful.commit((carryOut, isWorthAnother) => this.#attempt(batches, carryOut, isWorthAnother))
    )
  }

  /** @param note of each statement that is about to be carried out; `null`: no note is taken */
  trace(note: ((text: string) => void) | null): void {
    this.sql = note === null ? this.#statements : traced(this.#statements, WRITE_SQL, note)
    this.lanes.trace(note)
    this.holdings.trace(note)
  }

  stats(): Stats {
    if (this.#stale) this.recall()
    const bytes = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0
    const oldest = this.damage.isFound
      ? nextIn(this, READY)
      : (this.sql.nextReady.get() as { run_at: number } | undefined)
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
    if (this.#stale) this.recall()
    return this.holdings.perKey()
  }

  depths(names: readonly string[], most: number): Depth[] {
    if (this.#stale) this.recall()
    return this.lanes.depths.of(names, most)
  }

  busiestGoals(limit: number): GoalDepth[] {
    if (this.#stale) this.recall()
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
    const { blame } = this.careful
    try {
      // Where there is damage, outside of the transaction: once it has met some, nothing can be written in it.
      if (this.#stale && this.damage.isFound) this.recall()
      this.sql.begin.run()
      blame.aside = 'recalling'
      if (this.#stale || this.#isWrittenByOthers()) this.recall()
      blame.aside = null
      const outcomes = batches.map(({ ops, now }) => {
        this.now = now
        return ops.map(carryOut)
      })
      this.lanes.flush()
      if (this.now >= this.#seen + SEEN_STEP_MS && blame.keepsTime) {
        blame.aside = 'noting the time'
        this.sql.saw.run(this.now)
        this.#seen = this.now
        blame.aside = null
      }
      this.sql.commit.run()
      return outcomes
    } catch (error) {
      if (isDamage(error)) this.damage.isFound = true
      if (this.db.inTransaction) this.#statements.rollback.run()
      this.#stale = true
      this.#seen = 0
      this.lapses.length = 0
      this.readied.length = 0
      if (isStorageFault(error) && !isWorthAnother(error)) throw storageError(error)
      return null
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
  recall(): void {
    this.#stale = true
    this.lanes.reload()
    lookAhead(this)
    this.#stale = false
  }
}
