import { closeSync, existsSync, mkdirSync, openSync, readSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { ownerAround, ownerOf } from '../../files/owner.ts'
import { StoreOpenError } from '../open-error.ts'
import { refuseMarked } from './damage/marker.ts'
import Sqlite, { type Database } from './driver.ts'
import { refuseDamagedLog } from './log/refuse.ts'
import { migrate, refuseForeign } from './migrate.ts'
import { refuseChangedSchema } from './schema-check.ts'

/** Room that SQLite needs to open a database, in bytes: 32 KiB for the index of its log, and the log. */
export const ENOUGH_TO_OPEN = 1024 * 1024
/** How long a statement waits for another connection's lock, in ms. */
export const BUSY_TIMEOUT_MS = 5000
/** To what the write-ahead log's file is cut back when it starts over, in bytes. */
const LOG_BYTES = 32 * 1024 * 1024
/** What SQLite may keep of the database in memory, in KiB. */
const CACHE_KIB = 16_384
const READ_CACHE_KIB = 4096

/** Opens the writing connection: durable, migrated, and sound as far as a start can tell without reading it all. */
export function openWriting(path: string, say: (message: string) => void): Database {
  return opening(path, () => {
    // Before SQLite sees the log: it reads what it can, and writes over the rest.
    refuseDamagedLog(path)
    refuseMarked(path, say)
    const db = new Sqlite(path, { timeout: BUSY_TIMEOUT_MS })
    try {
      // Before anything is written: the journal mode alone would mark the header of somebody else's file.
      refuseForeign(db)
      refuseChangedSchema(db)
      db.pragma('journal_mode = WAL')
      db.pragma('synchronous = FULL')
      // Nothing here is a foreign key; better-sqlite3's build turns the checks on.
      db.pragma('foreign_keys = OFF')
      db.pragma(`journal_size_limit = ${LOG_BYTES}`)
      db.pragma(`cache_size = -${CACHE_KIB}`)
      db.pragma('temp_store = MEMORY')
      // What is settled or deleted is overwritten in the pages that are written anyway.
      db.pragma('secure_delete = FAST')
      assertDurable(db)
      migrate(db, say)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  })
}

export function openReading(path: string): Database {
  return opening(path, () => {
    const db = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS })
    db.pragma('trusted_schema = OFF')
    db.pragma(`cache_size = -${READ_CACHE_KIB}`)
    return db
  })
}

/** A reply goes out after its commit is on disk, so a file system or build that will not promise that is refused. */
function assertDurable(db: Database): void {
  const journal = db.pragma('journal_mode', { simple: true })
  const synchronous = db.pragma('synchronous', { simple: true })
  if (journal !== 'wal' || synchronous !== 2) {
    throw new StoreOpenError(
      `${db.name} cannot be written durably here (journal_mode ${journal}, synchronous ${synchronous}; wal and 2 are needed). Network file systems often cannot: put the database on a local disk with BUS_DB_PATH.`,
    )
  }
}

const HEADER = 'SQLite format 3\0'

/** Looks before it opens: SQLite would gladly make a database of an empty or foreign file. */
export function inspect(path: string): void {
  let file: number
  try {
    makeFolder(dirname(path))
  } catch (error) {
    throw new StoreOpenError(
      `the folder of ${path} cannot be made: ${(error as Error).message}. Choose another place with BUS_DB_PATH.${ownerAround(dirname(path))}`,
    )
  }
  try {
    // For writing too: a file that may only be read SQLite would open all the same, and then refuse every commit.
    file = openSync(path, 'r+')
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return
    throw new StoreOpenError(
      `${path} cannot be opened: ${(error as Error).message}. Check BUS_DB_PATH and who owns it.${ownerOf(path)}`,
    )
  }
  try {
    const head = Buffer.alloc(HEADER.length)
    const read = readSync(file, head, 0, head.length, 0)
    if (read > 0 && head.toString('latin1', 0, read) !== HEADER) {
      throw new StoreOpenError(
        `${path} is not an SQLite database. It was left as it is; choose another file with BUS_DB_PATH.`,
      )
    }
  } catch (error) {
    if (error instanceof StoreOpenError) throw error
    throw new StoreOpenError(`${path} cannot be read: ${(error as Error).message}.`)
  } finally {
    closeSync(file)
  }
}

/** One level at a time: Node's recursive way goes round for ever where a folder cannot be made (`/proc`). */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path))
  mkdirSync(path)
}

/** Of a disk that is full SQLite may say anything: that a file cannot be opened, or that it has no room for an index. */
function isFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path))
    return bavail * bsize < ENOUGH_TO_OPEN
  } catch {
    // A disk that does not say is not known to be full.
    return false
  }
}

/** Turns whatever SQLite has against the file into one line for the operator. */
export function opening<T>(path: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    if (error instanceof StoreOpenError) throw error
    const { code = 'unknown error', message } = error as { code?: string; message: string }
    const damaged = code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB'
    const wayOut = isFull(path)
      ? 'The disk is full: make room on it, then start again. See docs/operations/disk-full.md'
      : damaged
        ? 'It was left as it is. Restore a backup, or salvage what can be read: docs/operations/corrupt-database.md'
        : `Check the disk, and that this user may write there.${ownerOf(path)}`
    throw new StoreOpenError(`${path} cannot be opened (${code}: ${message}). ${wayOut}`)
  }
}
