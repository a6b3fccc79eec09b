import type { Database } from 'better-sqlite3'
import { startLogOver } from './checkpoints.ts'
import type { Room, RoomLog } from './room.ts'
import { isStorageFault } from './storage-faults.ts'

/** Pages of 4 KiB: from 8 MiB that are free it is worth it, and what is left fits in the log and in memory: 16 MiB. */
const SHRINK_FROM_PAGES = 2000
const SHRINK_TO_PAGES = 4000

/** Gives the disk back what a purge has freed inside the database. The little that is left goes through the log. */
export function shrink(db: Database, room: Room, log: RoomLog): void {
  const pages = (name: 'page_count' | 'freelist_count') => db.pragma(name, { simple: true }) as number
  const free = pages('freelist_count')
  const left = pages('page_count') - free
  if (free < SHRINK_FROM_PAGES || left > SHRINK_TO_PAGES) return
  try {
    room.makeFor(left * room.pageBytes)
    db.exec('VACUUM')
    startLogOver(db)
  } catch (error) {
    if (!isStorageFault(error)) throw error
    log.error(`the database could not be made smaller: ${(error as Error).message}`)
  }
}
