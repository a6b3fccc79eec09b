import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname } from 'node:path'
import { syncFolder } from '../../../files/durable.ts'
import { StoreOpenError } from '../../open-error.ts'
import { findDamage } from './damage.ts'
import { HEADER_BYTES, isPageSize, withLog } from './frames.ts'

const DEFAULT_PAGE_SIZE = 4096

/**
 * To be called before SQLite opens the database, by the one that owns it: SQLite would read the log up to the damage, go on
 * without the rest, and write over it.
 *
 * @throws {StoreOpenError} when acknowledged commits in the log can no longer be read; database and log are left as they are,
 *   and a copy of the log is kept beside them
 */
export function refuseDamagedLog(path: string): void {
  const log = `${path}-wal`
  if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) <= HEADER_BYTES) return
  const damage = withLog(log, source => findDamage(source, pageSizeOf(path)))
  if (damage === null) return
  const { broken, commits } = damage
  const where = broken === -1 ? 'its header' : `frame ${broken + 1}`
  throw new StoreOpenError(
    `${log} is damaged: ${where} is not as it was written, and ${commits} commits from there on would be lost. It was left as it is, ${keptAside(log)}. Save what can be saved: docs/operations/damaged-log.md`,
  )
}

/** Of the database, in bytes: https://www.sqlite.org/fileformat2.html#the_database_header */
export function pageSizeOf(path: string): number {
  const bytes = Buffer.alloc(18)
  const file = openSync(path, 'r')
  try {
    readSync(file, bytes, 0, bytes.length, 0)
  } finally {
    closeSync(file)
  }
  const size = bytes.readUInt16BE(16) === 1 ? 65_536 : bytes.readUInt16BE(16)
  return isPageSize(size) ? size : DEFAULT_PAGE_SIZE
}

/** A copy, named by what is in it: however often the start is tried, there is one, and no other is overwritten. */
function keptAside(log: string): string {
  const unfinished = `${log}.damaged.tmp`
  try {
    rmSync(unfinished, { force: true })
    const copy = `${log}.damaged-${copyHashed(log, unfinished)}`
    if (existsSync(copy)) rmSync(unfinished)
    else renameSync(unfinished, copy)
    syncFolder(dirname(log))
    return `and a copy is kept as ${basename(copy)}`
  } catch (error) {
    rmSync(unfinished, { force: true })
    return `but no copy could be kept beside it (${(error as Error).message})`
  }
}

/** @returns the beginning of the SHA-256 of what was copied, in hex */
function copyHashed(source: string, target: string): string {
  const hash = createHash('sha256')
  const file = openSync(target, 'wx', 0o600)
  try {
    withLog(source, log => {
      for (let at = 0; at < log.bytes; ) {
        const bytes = Buffer.alloc(Math.min(1024 * 1024, log.bytes - at))
        log.read(bytes, at)
        hash.update(bytes)
        for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
        at += bytes.length
      }
    })
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  return hash.digest('hex').slice(0, 12)
}
