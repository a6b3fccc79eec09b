import { resolve } from 'node:path'
import type { Database } from 'better-sqlite3'
import { readValue } from '../../config/read-value.ts'
import type { Op } from '../operations.ts'
import type { AuditSearch, DeadLetterSearch, IntentSearch } from '../records.ts'
import type { Committed, CopySource, DamageState, Stats, Store } from '../store.ts'
import { inspect, opening, openReading } from './connection.ts'
import type { Met } from './damage/damage.ts'
import { InlineWriter } from './inline-writer.ts'
import { takeOwnership } from './ownership.ts'
import { Reads } from './reads.ts'
import { realFile } from './real-file.ts'
import { makeRoomToOpen, type RoomSettings } from './room.ts'
import { isDamage, isStorageFault, storageError } from './storage-faults.ts'
import { isSwitching, undoSwitch } from './switching.ts'
import { ThreadedWriter } from './threaded-writer.ts'
import type { StoreLog, Writing } from './writing.ts'

/**
 * Opens the embedded store: takes the file for this process alone, migrates it if it is older, and starts the
 * writer.
 *
 * @param path of the database file; its folder is made
 * @param room what is kept free on the disk, and what a key may hold; left out, there are no such limits
 * @param logPages of the write-ahead log before it is copied into the database; for benchmarks
 * @param onLost called if the writer's thread ends unasked: nothing can be written any more
 * @throws {StoreOpenError} with one line for the operator; the file is untouched then
 */
export async function openSqliteStore(options: {
  path: string
  log: StoreLog
  logPages?: number
  room?: RoomSettings
  onLost?: (reason: Error) => void
}): Promise<Store> {
  const named = resolve(options.path)
  inspect(named)
  // Its lock and its log are beside the file itself, by whatever name it was reached.
  const path = realFile(named)
  if (isSwitching(path)) endInterrupted(path, options.log)
  const letGo = takeOwnership(path, { makes: true })
  try {
    if (options.room !== undefined) makeRoomToOpen(path, options.log)
    const writer =
      readValue('BUS_SQLITE_WRITER', process.env) === 'inline'
        ? new InlineWriter(path, options.log, options.logPages, options.room)
        : await ThreadedWriter.start(path, options)
    return opening(path, () => new SqliteStore(writer, openReading(path), letGo))
  } catch (error) {
    letGo()
    throw error
  }
}

/** Before a database is made, because the old one may have no name at the moment. */
function endInterrupted(path: string, log: StoreLog): void {
  const letGo = takeOwnership(path)
  try {
    if (undoSwitch(path))
      log.error(`a restore was interrupted before its end: ${path} is the database from before it`)
  } finally {
    letGo()
  }
}

class SqliteStore implements Store {
  readonly copySource: CopySource
  readonly lastSeen: number
  readonly nextDue: number | null
  readonly #writer: Writing
  readonly #db: Database
  readonly #reads: Reads
  readonly #letGo: () => void

  constructor(writer: Writing, db: Database, letGo: () => void) {
    this.copySource = { file: db.name }
    this.#writer = writer
    this.#db = db
    this.#reads = new Reads(db)
    this.#letGo = letGo
    this.lastSeen = this.#reads.lastSeen()
    this.nextDue = writer.nextDue
  }

  get damage(): DamageState {
    return this.#writer.damage
  }

  commit(ops: readonly Op[], now: number): Promise<Committed> {
    return this.#writer.commit(ops, now)
  }

  stats(): Promise<Stats> {
    return this.#writer.stats()
  }

  intent = async (id: string) => this.#read({ id }, () => this.#reads.intent(id))
  payload = async (id: string) => this.#read({ id }, () => this.#reads.payload(id))
  result = async (id: string) => this.#read({ id }, () => this.#reads.result(id))
  value = async (keyId: number, key: string, now: number) =>
    this.#read({ table: 'key_values' }, () => this.#reads.value(keyId, key, now))
  hasNonce = async (keyId: number, value: string) =>
    this.#read({ table: 'nonces' }, () => this.#reads.hasNonce(keyId, value))
  /** For the start, which says itself that it cannot. */
  keys = async () => this.#read(null, () => this.#reads.keys())
  nextKeyId = async () => this.#read({ table: 'sqlite_sequence' }, () => this.#reads.nextKeyId())
  deadLetters = async (search: DeadLetterSearch) =>
    this.#read({ table: 'dead_letters' }, () => this.#reads.deadLetters(search))
  deadLetter = async (intentId: string) =>
    this.#read({ id: intentId }, () => this.#reads.deadLetter(intentId))
  intents = async (search: IntentSearch) =>
    this.#read({ table: 'intents' }, () => this.#reads.intents(search))
  audit = async (search: AuditSearch) => this.#read({ table: 'audit' }, () => this.#reads.audit(search))
  maintenance = async () => this.#read({ table: 'meta' }, () => this.#reads.maintenance())
  depths = async (names: readonly string[], most: number) => this.#writer.depths(names, most)
  room = async () => this.#writer.room()
  holdings = async () => this.#writer.holdings()
  busiestGoals = async (limit: number) => this.#writer.busiestGoals(limit)

  async close(): Promise<void> {
    // The reader first: the last connection to close is the one that clears the write-ahead log away.
    this.#db.close()
    await this.#writer.close()
    this.#letGo()
  }

  #read<T>(met: Met | null, read: () => T): T {
    try {
      return read()
    } catch (error) {
      if (met !== null && isDamage(error)) this.#writer.examine(met)
      throw isStorageFault(error) ? storageError(error) : error
    }
  }
}
