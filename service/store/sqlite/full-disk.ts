import type { Database } from 'better-sqlite3'
import { StorageError } from '../store.ts'
import type { Timed } from './batches.ts'
import { lackingForLog, startLogOver } from './checkpoints.ts'
import { type Room, type WayOut, wayOutOf } from './room.ts'

const isFull = (error: unknown): boolean => error instanceof StorageError && error.reason === 'full'

/**
 * A full disk is not always the end: a log that can still be copied whole starts over in the room it has. Where it cannot, and
 * there is something to be carried out that deletes, what was put by is given up for it, part by part.
 */
export function withRoom<T>(db: Database, room: Room, batches: readonly Timed[], carryOut: () => T): T {
  try {
    return carryOut()
  } catch (error) {
    if (!isFull(error) || !makeRoom(db, room, batches)) throw error
  }
  for (;;) {
    try {
      return carryOut()
    } catch (error) {
      if (!isFull(error) || !giveUpRoom(db, room, batches)) throw error
    }
  }
}

function makeRoom(db: Database, room: Room, batches: readonly Timed[]): boolean {
  return startLogOver(db) || giveUpRoom(db, room, batches)
}

/**
 * A part is for what is appended to the log. The log is copied at the last moment at which what is left is enough for that,
 * because a copy gives back at least as much as it takes.
 */
function giveUpRoom(db: Database, room: Room, batches: readonly Timed[]): boolean {
  const left = room.putByBytes
  const lacking = lackingForLog(db)
  const isLastChance = lacking > left - room.partBytes && lacking <= left
  const isWayOut = (worth: WayOut) => batches.some(({ ops }) => ops.some(op => wayOutOf(op) === worth))
  if (isWayOut('deletes')) {
    if (!room.giveUp(isLastChance ? left : room.partBytes)) return false
    if (isLastChance) startLogOver(db)
    return true
  }
  // What the bus does by itself leaves half of it to those who delete.
  return isWayOut('keeps') && left - room.partBytes >= room.mostPutByBytes / 2 && room.giveUp(room.partBytes)
}
