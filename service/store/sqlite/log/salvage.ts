import { constants, copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { StoreOpenError } from '../../open-error.ts'
import Sqlite from '../driver.ts'
import { findDamage } from './damage.ts'
import { withLog } from './frames.ts'
import { type Mended, mend } from './mended.ts'
import { pageSizeOf } from './refuse.ts'

export type Salvaged = Omit<Mended, 'log'> & {
  /** Transactions that SQLite would not have read, and that are in the copy. */
  commits: number
  /** What SQLite's own check says of the copy: `ok`, or what is wrong. */
  check: string
}

/**
 * Copies a database with a damaged log, and all that is right in the log into the copy. The source is only read.
 *
 * @throws {StoreOpenError} when the log is not damaged, or the copy is there already
 */
export function salvageLog(source: string, target: string): Salvaged {
  const log = `${source}-wal`
  if (!existsSync(source)) throw new StoreOpenError(`${source} is not there.`)
  const pageSize = pageSizeOf(source)
  const mended = !existsSync(log)
    ? null
    : withLog(log, bytes => {
        const damage = findDamage(bytes, pageSize)
        return damage === null ? null : { ...mend(bytes, damage), commits: damage.commits }
      })
  if (mended === null) throw new StoreOpenError(`${log} is not damaged: the bus reads all of it.`)
  if (existsSync(target)) throw new StoreOpenError(`${target} is there already: choose another name.`)
  copyFileSync(source, target, constants.COPYFILE_EXCL)
  const { log: bytes, ...counts } = mended
  writeFileSync(`${target}-wal`, bytes, { flag: 'wx', mode: 0o600 })
  return { ...counts, check: foldedAndChecked(target) }
}

function foldedAndChecked(path: string): string {
  const db = new Sqlite(path)
  try {
    db.pragma('synchronous = FULL')
    db.pragma('wal_checkpoint(TRUNCATE)')
    return db.pragma('integrity_check(1)', { simple: true }) as string
  } catch (error) {
    return (error as Error).message
  } finally {
    db.close()
  }
}
