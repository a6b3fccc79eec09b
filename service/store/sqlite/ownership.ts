import {
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { ownerOf } from '../../files/owner.ts'
import { StoreOpenError } from '../open-error.ts'
import Sqlite, { type Database } from './driver.ts'
import { type FileLock, isLockedByOthers, lockFile } from './file-lock.ts'
import { realFile } from './real-file.ts'

/** How long a starting bus waits for the one before it to let go, in ms. */
const HANDOVER_MS = 2000
const LOOK_EVERY_MS = 50

/**
 * One broker per database file, held as long as the process lives: the kernel lets go at a kill -9 too, so there is no
 * stale lock to clean up by hand. Two locks say so:
 *
 * - one on the database itself, by its device and inode. It decides: by whatever name a second bus comes, it finds it taken;
 * - an exclusive transaction on a small database beside it, `<file>.lock`. It is the only one that earlier versions know,
 *   the only one where the system has no lock of the first kind, and the only one while there is no database yet.
 *
 * Who holds them is in a text file next to that, because a locked database cannot be read.
 *
 * @param options.otherwise what else the caller can do, when somebody has it
 * @param options.makes whether a database that is not there is made, as an empty file, to be locked as well
 * @returns what lets go of it; every connection to the database has to be closed before
 * @throws {StoreOpenError} naming the holder
 */
export function takeOwnership(
  path: string,
  {
    otherwise = 'give this one a file of its own with BUS_DB_PATH',
    makes = false,
  }: { otherwise?: string; makes?: boolean } = {},
): () => void {
  const file = realFile(path)
  const holderPath = `${file}.holder`
  const inUse = () =>
    new StoreOpenError(
      `${path} is in use by another bus (${readHolder(holderPath)}). Stop that one first, or ${otherwise}.`,
    )
  let own = lockDatabase(file)
  if (own === 'taken') throw inUse()
  const release = () => typeof own === 'object' && own.release()
  let beside: Database | null
  try {
    beside = lockBeside(file, typeof own === 'object')
  } catch (error) {
    release()
    throw isBusy(error) ? inUse() : unlockable(`${file}.lock`, error)
  }
  if (own === 'missing' && makes) {
    makeEmpty(file)
    own = lockDatabase(file)
    if (own === 'taken') {
      beside?.close()
      throw inUse()
    }
  }
  noteHolder(holderPath)
  return () => {
    rmSync(holderPath, { force: true })
    beside?.close()
    release()
  }
}

/** Waits for a bus that is about to end. */
function lockDatabase(file: string): FileLock | 'missing' {
  if (!existsSync(file)) return 'missing'
  const until = Date.now() + HANDOVER_MS
  for (;;) {
    let lock: FileLock
    try {
      lock = lockFile(file)
    } catch (error) {
      throw new StoreOpenError(
        `${file} cannot be opened: ${(error as Error).message}. Check BUS_DB_PATH and who owns it.`,
      )
    }
    if (lock !== 'taken' || Date.now() >= until) return lock
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_EVERY_MS)
  }
}

/**
 * @param isOurs whether the database itself is locked already
 * @returns `null`: there is no room on the disk for it, and it is not needed
 * @throws what SQLite says
 */
function lockBeside(file: string, isOurs: boolean): Database | null {
  const path = `${file}.lock`
  // SQLite would follow it, and mark whatever database it leads to.
  if (isLink(path)) throw new Error('it is a link, which no bus makes')
  try {
    return exclusive(path)
  } catch (error) {
    if (isOurs && isFull(error)) return null
    if (!isOurs || !isBusy(error) || !isOfACopy(file, path)) throw error
    rmSync(path)
    return exclusive(path)
  }
}

const isLink = (path: string) => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false

/**
 * Whether the lock is that of another bus on another database: a data directory that was copied may have it by a hard link, and
 * that bus may keep it. A bus of an earlier version has no other lock: it is known by having the database open. Where the database
 * has a second name too, the copy was made by links alone, and the two are one.
 */
const isOfACopy = (file: string, lock: string): boolean =>
  statSync(lock).nlink > 1 && statSync(file).nlink === 1 && !isLockedByOthers(file, SHARED_FIRST, SHARED_SIZE)

/** What SQLite locks, at least to read it, for as long as it has a database open with a write-ahead log (os.h). */
const SHARED_FIRST = 0x40000002
const SHARED_SIZE = 510

function exclusive(path: string): Database {
  const lock = new Sqlite(path, { timeout: HANDOVER_MS })
  try {
    lock.pragma('journal_mode = DELETE')
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    throw error
  }
}

const codeOf = (error: unknown): string => (error as { code?: string }).code ?? ''
const isBusy = (error: unknown): boolean => codeOf(error).startsWith('SQLITE_BUSY')
const isFull = (error: unknown): boolean => /^SQLITE_(FULL|IOERR)/.test(codeOf(error))

const unlockable = (lockPath: string, error: unknown): StoreOpenError =>
  new StoreOpenError(
    `${lockPath} cannot be locked: ${(error as Error).message}. Is its folder writable?${ownerOf(lockPath)}`,
  )

/** What keeps it from being made, SQLite will say. */
function makeEmpty(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch {
    // Not even a dangling link is followed.
  }
}

/** A full disk has no room for a name, and the bus starts without. */
function noteHolder(path: string): void {
  try {
    rmSync(path, { force: true })
    writeFileSync(path, `process ${process.pid} on ${hostname()}, since ${new Date().toISOString()}\n`, {
      flag: 'wx',
    })
  } catch {
    rmSync(path, { force: true })
  }
}

function readHolder(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return 'it left no name'
  }
}
