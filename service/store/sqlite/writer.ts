import { statSync } from 'node:fs'
import type { Database, Statement } from 'better-sqlite3'
import type { KeyId } from '../../intent/routing.ts'
import type { Op } from '../operations.ts'
import type { Lapse, Outcome } from '../outcomes.ts'
import type { Depth, GoalDepth, KeyHolding } from '../records.ts'
import {
  type DamageState,
  type Readied,
  type RoomState,
  type Stats,
  StorageError,
  type Transaction,
} from '../store.ts'
import { lackingForLog, startLogOver } from './checkpoints.ts'
import { Damage } from './damage/damage.ts'
import { Detour } from './damage/detour.ts'
import { damagedParts, RUNBOOK, setAsideIn } from './damage/marker.ts'
import { damagedPartsOf } from './damage/survey.ts'
import { traced } from './damage/tracing.ts'
import { KeyHoldings } from './key-holdings.ts'
import { Lanes } from './lanes.ts'
import { apply } from './operations/apply.ts'
import type { Step } from './operations/due.ts'
import { Room, type RoomLog, type RoomSettings, type WayOut, wayOutOf } from './room.ts'
import { prepareAll, WRITE_SQL } from './statements.ts'
import { CLAIMED, DELAYED, READY } from './states.ts'
import { isDamage, isStorageFault, storageError } from './storage-faults.ts'

/** Operations, and the bus time at which they are carried out. */
export type Timed = { ops: readonly Op[]; now: number }

/** So often one commit is done again, each time with more known of what is damaged. Beyond it all of it fails. */
const MOST_TRIES = 256
/** Of those for the sake of one operation: then it is refused, and what was learnt is there for the next. */
const MOST_FOR_ONE = 32

const isFull = (error: unknown): boolean => error instanceof StorageError && error.reason === 'full'

const DAMAGED = { ok: false, refusal: 'damaged' } as const

/** The intents that an operation names. */
const idsOf = (op: Op): readonly string[] =>
  'ids' in op ? op.ids : 'id' in op && typeof op.id === 'string' ? [op.id] : []

const isPurgeOfAll = (op: Op): boolean => op.kind === 'purge' && op.namespace === null

/** Pages of 4 KiB: from 8 MiB that are free it is worth it, and what is left fits in the log and in memory: 16 MiB. */
const SHRINK_FROM_PAGES = 2000
const SHRINK_TO_PAGES = 4000

/** What a row adds to the log, in bytes, as far as that is known without asking: a page. */
const ROW_BYTES = 4096

/** Rows that it may write. */
function rowsOf(op: Op): number {
  if ('limit' in op) return op.limit
  if ('ops' in op) return op.ops.length
  return Math.max(1, idsOf(op).length)
}

/** How stale `last_seen` may be on disk: it need not be written by every commit. */
const SEEN_STEP_MS = 1000

/**
 * The one writing connection and what is kept in memory beside it. Synchronous: it is for a thread of its own.
 * Operations (`operations/`) work on its public parts.
 */
export class Writer {
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
  readonly #statements: Writer['sql']
  /** Whether each operation is carried out for itself, because one of the commit cannot be. */
  isCareful = false
  /** The operation that is, and the one of a batch within it. */
  #alone: Op | null = null
  #item: Op | null = null
  /** Those that met a damaged page, and what was said of them. */
  readonly #damaged = new Map<Op, string>()
  /** How often one of them was tried. */
  readonly #tries = new Map<Op, number>()
  #toldOf = ''
  /** What a commit does beside its operations. */
  #aside: 'recalling' | 'noting the time' | null = null
  #keepsTime = true
  /** What became ready in it before the lanes were last read again. */
  readonly #readied: Readied[] = []
  /** Lower bounds of the next time-driven move, by state; Infinity when there is none. */
  next = { delayed: 0, ready: 0, claimed: 0 }
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
      this.#recall()
    } catch (error) {
      if (!isDamage(error)) throw error
      this.damage.isFound = true
      this.#recall()
    }
    if (this.damage.parts.length === 0) return
    this.damage.keep()
    const found = damagedPartsOf(this.db.name)
    throw damagedParts(this.db.name, found.length > 0 ? found : this.damage.parts)
  }

  get nextDue(): number | null {
    const next = Math.min(this.next.delayed, this.next.ready, this.next.claimed)
    return next === Number.POSITIVE_INFINITY ? null : next
  }

  /** Asks the agenda when time next moves anything: three probes. */
  lookAhead(): void {
    if (this.damage.isFound) {
      const next = (state: number, step: Step) => (this.leftOut.has(step) ? null : this.#nextIn(state))
      const at = (due: { due_at: number } | null) => due?.due_at ?? Number.POSITIVE_INFINITY
      this.next = {
        delayed: at(next(DELAYED, 'due')),
        ready: at(next(READY, 'expired')),
        claimed: at(next(CLAIMED, 'leases')),
      }
      return
    }
    const first = (statement: Statement) =>
      (statement.get() as { due_at: number } | undefined)?.due_at ?? Number.POSITIVE_INFINITY
    this.next = {
      delayed: first(this.sql.nextDelayed),
      ready: first(this.sql.nextReady),
      claimed: first(this.sql.nextClaimed),
    }
  }

  #nextIn(state: number) {
    return this.db.inTransaction ? this.detour.next(state) : this.detour.nextWherePossible(state)
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
    const outcomes = this.#withRoom(batches)
    this.logged = this.room.written - writtenBefore
    for (const { ops } of batches) for (const op of ops) this.logged += ROW_BYTES * rowsOf(op)
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
   * A full disk is not always the end: a log that can still be copied whole starts over in the room it has. Where it cannot, and
   * there is something to be carried out that deletes, what was put by is given up for it, part by part.
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

  /**
   * A part is for what is appended to the log. The log is copied at the last moment at which what is left is enough for that,
   * because a copy gives back at least as much as it takes.
   */
  #giveUpRoom(batches: readonly Timed[]): boolean {
    const { room } = this
    const left = room.putByBytes
    const lacking = lackingForLog(this.db)
    const isLastChance = lacking > left - room.partBytes && lacking <= left
    const isWayOut = (worth: WayOut) => batches.some(({ ops }) => ops.some(op => wayOutOf(op) === worth))
    if (isWayOut('deletes')) {
      if (!room.giveUp(isLastChance ? left : room.partBytes)) return false
      if (isLastChance) startLogOver(this.db)
      return true
    }
    // What the bus does by itself leaves half of it to those who delete.
    return (
      isWayOut('keeps') && left - room.partBytes >= room.mostPutByBytes / 2 && room.giveUp(room.partBytes)
    )
  }

  /** Gives the disk back what a purge has freed inside the database. The little that is left goes through the log. */
  #shrink(): void {
    const pages = (name: 'page_count' | 'freelist_count') => this.db.pragma(name, { simple: true }) as number
    const free = pages('freelist_count')
    const left = pages('page_count') - free
    if (free < SHRINK_FROM_PAGES || left > SHRINK_TO_PAGES) return
    try {
      this.room.makeFor(left * this.room.pageBytes)
      this.db.exec('VACUUM')
      startLogOver(this.db)
    } catch (error) {
      if (!isStorageFault(error)) throw error
      this.#log.error(`the database could not be made smaller: ${(error as Error).message}`)
    }
  }

  #carryOut(batches: readonly Timed[]): Outcome[][] {
    this.#damaged.clear()
    this.#tries.clear()
    let outcomes = this.#attempt(batches, op => apply(this, op), isDamage)
    if (outcomes !== null) return outcomes
    this.#carefully(true)
    try {
      for (let tries = 0; outcomes === null && tries < MOST_TRIES; tries += 1) {
        outcomes = this.#attempt(
          batches,
          op => this.#carryOutAlone(op),
          error => this.#learn(error),
        )
      }
    } finally {
      this.#carefully(false)
      this.damage.keep()
    }
    if (outcomes === null)
      throw new StorageError('damaged', 'too many operations of one commit met damaged pages')
    return outcomes
  }

  #carefully(on: boolean): void {
    this.isCareful = on
    const note = on
      ? (text: string) => {
          this.damage.statement = text
        }
      : null
    this.sql = note === null ? this.#statements : traced(this.#statements, WRITE_SQL, note)
    this.lanes.trace(note)
    this.holdings.trace(note)
  }

  stats(): Stats {
    if (this.#stale) this.#recall()
    const bytes = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0
    const oldest = this.damage.isFound
      ? this.#nextIn(READY)
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
      // Where there is damage, outside of the transaction: once it has met some, nothing can be written in it.
      if (this.#stale && this.damage.isFound) this.#recall()
      this.sql.begin.run()
      this.#aside = 'recalling'
      if (this.#stale || this.#isWrittenByOthers()) this.#recall()
      this.#aside = null
      const outcomes = batches.map(({ ops, now }) => {
        this.now = now
        return ops.map(carryOut)
      })
      this.lanes.flush()
      if (this.now >= this.#seen + SEEN_STEP_MS && this.#keepsTime) {
        this.#aside = 'noting the time'
        this.sql.saw.run(this.now)
        this.#seen = this.now
        this.#aside = null
      }
      this.sql.commit.run()
      return outcomes
    } catch (error) {
      if (isDamage(error)) this.damage.isFound = true
      if (this.db.inTransaction) this.#statements.rollback.run()
      this.#stale = true
      this.#seen = 0
      this.lapses.length = 0
      this.#readied.length = 0
      if (isStorageFault(error) && !isWorthAnother(error)) throw storageError(error)
      return null
    }
  }

  #carryOutAlone(op: Op): Outcome {
    if (this.#damaged.has(op)) return DAMAGED
    this.step = null
    this.#alone = op
    const lapses = this.lapses.length
    this.sql.savepoint.run()
    this.damage.begin()
    try {
      const outcome = apply(this, op)
      // With the operation that changed them: a damaged page of the tallies is met by nobody else. And what the next one is rolled back to
      // must know them.
      this.lanes.flush()
      this.sql.release.run()
      this.#alone = null
      return outcome
    } catch (error) {
      if (isStorageFault(error)) throw error
      this.#alone = null
      this.#item = null
      this.sql.rollbackOne.run()
      this.sql.release.run()
      this.#readied.push(...this.lanes.takeReadied())
      this.#recall()
      this.lapses.length = lapses
      return this.#refuse(error)
    }
  }

  /** One of a batch, while each operation is carried out for itself: where it meets damage, it alone is refused. */
  carryOutItem<O extends Op>(op: O): Outcome<O['kind']> {
    if (this.#damaged.has(op)) return DAMAGED
    this.#item = op
    const outcome = apply(this, op) as Outcome<O['kind']>
    this.lanes.flush()
    this.#item = null
    return outcome
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

  /** @returns whether something was learnt of the damage, so that the commit may be tried again */
  #learn(error: unknown): boolean {
    const op = this.#item ?? this.#alone
    const whole = this.#alone
    const during = this.#aside
    this.#item = null
    this.#alone = null
    this.#aside = null
    if (!isDamage(error)) return false
    if (op === null || whole === null) return this.#learnBeside(during)
    const asked = idsOf(op)
    const tries = (this.#tries.get(op) ?? 0) + 1
    this.#tries.set(op, tries)
    const learnt = this.damage.findIntents(asked) || this.#leavesOut(op)
    if (learnt && tries < MOST_FOR_ONE) return true
    const { message } = storageError(error)
    this.#damaged.set(op, message)
    if (whole.kind === 'settleAll' && op !== whole) {
      // A damaged page holds neighbours: all at once, or each would cost a commit.
      for (const item of whole.ops) if (this.damage.isLost(item.id)) this.#damaged.set(item, message)
    }
    if (!learnt) this.damage.nameFor(asked)
    const what = 'id' in op ? `${op.kind} of ${op.id}` : op.kind
    // Workers ask again and again, and one line says it.
    if (what !== this.#toldOf) {
      this.#log.error(`a damaged page of the database keeps a ${what} from being carried out: ${RUNBOOK}`)
    }
    this.#toldOf = what
    return true
  }

  /** What every commit needs must not meet damage twice. */
  #learnBeside(during: 'recalling' | 'noting the time' | null): boolean {
    if (during !== 'noting the time') return during === 'recalling'
    this.damage.name('table meta')
    this.#keepsTime = false
    return true
  }

  /** What can be passed over without refusing anybody: a part of the time-driven work, or a lane of which nothing can be claimed. */
  #leavesOut(op: Op): boolean {
    const { lane, intent } = this.damage
    if (this.step === null && op.kind !== 'claim') return false
    if (intent > 0 && this.damage.passBy(intent)) return true
    if (this.step !== null) this.leftOut.add(this.step)
    else if (lane === 0 || this.detour.isLost(lane)) return false
    else this.detour.lose(lane)
    this.damage.nameByStatement()
    return true
  }

  #refuse(error: unknown): Outcome {
    this.#log.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return { ok: false, refusal: 'internal' }
  }
}
