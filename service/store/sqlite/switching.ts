import { existsSync, lstatSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { syncFolder, writeDurably } from '../../files/durable.ts'

/** Where a database waits that is to take the place of another. */
export const incoming = (database: string): string => `${database}.restoring`

/** What says that a database is being replaced. */
export const markOf = (database: string): string => `${database}.switching`

/**
 * A database and its log are two files, and cannot be moved aside in one step. Until the new one is in its place, a mark says
 * where the parts of the old one are, because without its log the old one has forgotten what was acknowledged last.
 *
 * @param aside what the old database is about to be called, beside itself
 */
export function markSwitch(database: string, aside: string): void {
  writeDurably(markOf(database), `${basename(aside)}\n`)
}

/** Whether a switch has begun and not ended. */
export const isSwitching = (database: string): boolean =>
  lstatSync(markOf(database), { throwIfNoEntry: false })?.isFile() ?? false

export function endSwitch(database: string): void {
  rmSync(markOf(database), { force: true })
}

/**
 * Ends what a kill or a power cut has interrupted. Where the new database is not in its place yet, the old one gets its parts
 * back. To be called by the owner, before anything opens the database.
 *
 * @returns whether the old one was put back
 */
export function undoSwitch(database: string): boolean {
  const mark = markOf(database)
  if (!isSwitching(database)) return false
  const name = readFileSync(mark, 'utf8').trim()
  const aside = join(dirname(database), basename(name))
  // A mark that was not written whole was made before anything was moved.
  const isOurs = name.startsWith(`${basename(database)}.before-restore-`)
  const isSwitched = !existsSync(incoming(database))
  if (isOurs && !isSwitched) putBack(database, aside)
  syncFolder(dirname(database))
  endSwitch(database)
  return isOurs && !isSwitched
}

function putBack(database: string, aside: string): void {
  if (existsSync(`${aside}-wal`)) renameSync(`${aside}-wal`, `${database}-wal`)
  if (!existsSync(aside)) return
  if (!existsSync(database)) renameSync(aside, database)
  // Two names of one file: only the second was new.
  else if (statSync(aside).ino === statSync(database).ino) rmSync(aside)
}
