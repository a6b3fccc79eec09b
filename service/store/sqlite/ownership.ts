import { existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { StoreOpenError } from '../open-error.ts'
import Sqlite, { type Database } from './driver.ts'

/** How long a starting bus waits for the one before it to let go, in ms. */
const HANDOVER_MS = 2000

/**
 * One broker per database file. The lock is an exclusive transaction on a small database beside it, held as long as
 * the process lives: the kernel lets go of it at a kill -9 too, so there is no stale lock to clean up by hand. Who
 * holds it stands in a text file next to that, because a locked database cannot be read. Both stand beside the file itself,
 * by whatever name it was reached: of two who come by different names, one waits.
 *
 * @param otherwise what else whoever asked can do, when somebody has it
 * @returns what lets go of it
 * @throws {StoreOpenError} naming the holder
 */
export function takeOwnership(
  path: string,
  otherwise = 'give this one a file of its own with BUS_DB_PATH',
): () => void {
  const file = existsSync(path) ? realpathSync(path) : path
  const lockPath = `${file}.lock`
  const holderPath = `${file}.holder`
  let lock: Database | undefined
  try {
    lock = new Sqlite(lockPath, { timeout: HANDOVER_MS })
    lock.pragma('journal_mode = DELETE')
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock?.close()
    if ((error as { code?: string }).code?.startsWith('SQLITE_BUSY')) {
      throw new StoreOpenError(
        `${path} is in use by another bus (${readHolder(holderPath)}). Stop that one first, or ${otherwise}.`,
      )
    }
    throw new StoreOpenError(
      `${lockPath} cannot be locked: ${(error as Error).message}. Is its folder writable?`,
    )
  }
  writeFileSync(holderPath, `process ${process.pid} on ${hostname()}, since ${new Date().toISOString()}\n`)
  const held = lock
  return () => {
    rmSync(holderPath, { force: true })
    held.close()
  }
}

function readHolder(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return 'it left no name'
  }
}
