import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Database } from 'better-sqlite3'
import type { Op } from '../operations.ts'
import type { RoomState } from '../store.ts'
import { ENOUGH_TO_OPEN } from './connection.ts'
import { bytesIn, cut, SpareFile } from './spare-file.ts'

/** In bytes. */
export type RoomSettings = {
  /** With less room than this nothing new is taken in. 0: the disk alone decides. */
  reserveBytes: number
  /** What an issued key may hold in open payloads and values; `null`: {@link SHARE_OF_ONE_KEY} of the room. */
  keyBytes: number | null
  /** What any key may hold in open payloads, however little room there is: as many as it may have open, each as large as it may be. */
  payloadBytes: number
}

export type RoomLog = { info(text: string): void; error(text: string): void }

const BOUNDLESS: RoomSettings = {
  reserveBytes: 0,
  keyBytes: Number.POSITIVE_INFINITY,
  payloadBytes: Number.POSITIVE_INFINITY,
}

const MIB = 1024 * 1024

/**
 * The room put by is half the reserve, and at most this. To delete its way out, the bus has to copy the log (16 MiB, when it is
 * well) into a database that grows by all of it, and needs about as much again for the log of what it deletes.
 */
const MOST_PUT_BY = 32 * MIB

/** Given up in so many parts. */
const PARTS = 8

/** A page in the log has 24 bytes more: less than this part of it. */
const LOG_OVERHEAD = 100

/** Of the room there is, what one key may hold. */
const SHARE_OF_ONE_KEY = 1 / 4

/** The disk is looked at this often, or when so much of the reserve may have been written since: 5 us. */
const LOOK_EVERY_MS = 1000
const LOOK_AFTER_SHARE = 1 / 16
/** A bus that lives shorter makes no room: a start is not held up by it, nor a disk by a bus that starts in a loop. */
const SETTLED_AFTER_MS = 5000

/**
 * What is carried out on a full disk. `deletes` may cost all that was put by, and `keeps` (the bus's own housekeeping) half of it.
 * `ends` frees nothing by itself: it is carried out if there happens to be room.
 */
export type WayOut = 'deletes' | 'keeps' | 'ends'

const WAYS_OUT = new Map<Op['kind'], WayOut>([
  ['purge', 'deletes'],
  ['dropDead', 'deletes'],
  ['dropValues', 'deletes'],
  ['revokeKey', 'deletes'],
  ['sweep', 'keeps'],
  ['maintain', 'keeps'],
  ['record', 'keeps'],
  ['cancel', 'ends'],
  ['release', 'ends'],
])

export const wayOutOf = (op: Op): WayOut | undefined => WAYS_OUT.get(op.kind)

/**
 * How much can still be written, and what it is kept for. Three things keep a full disk from being the end: below the reserve
 * nothing new is taken in; the room put by ({@link SpareFile}) is given up when the disk is full all the same; from then on only
 * what deletes is carried out, until there is room again, on the disk or inside the database.
 */
export class Room implements RoomState {
  readonly #db: Database
  readonly #settings: RoomSettings
  readonly #spare: SpareFile | null
  readonly #log: RoomLog
  readonly pageBytes: number
  readonly #openedAt = performance.now()
  #lookedAt = Number.NEGATIVE_INFINITY
  #givenUp = false
  #fault: Error | null = null
  #toldOf = ''
  /** Bytes that were taken in since the disk was last looked at. */
  written = 0
  diskFreeBytes = 0
  databaseFreeBytes = 0
  isLow = false
  isSpent = false
  /** What an issued key may hold. */
  keyBytes = Number.POSITIVE_INFINITY

  /** @param settings without them there are no limits, and what was put by is left alone: for tools */
  constructor(db: Database, log: RoomLog, settings?: RoomSettings) {
    this.#db = db
    this.#settings = settings ?? BOUNDLESS
    this.#log = log
    this.#spare = settings === undefined ? null : new SpareFile(spareFileOf(db.name), putByOf(settings))
    this.pageBytes = db.pragma('page_size', { simple: true }) as number
  }

  /** Room put by, in bytes; 0: it has been given up, or not been made yet. */
  get putByBytes(): number {
    return this.#spare?.there ?? 0
  }

  /** @throws when the disk did not say */
  get state(): RoomState {
    if (this.#fault !== null) throw this.#fault
    const { diskFreeBytes, databaseFreeBytes, putByBytes, isLow, isSpent } = this
    return { diskFreeBytes, databaseFreeBytes, putByBytes, isLow, isSpent }
  }

  get payloadBytes(): number {
    return this.#settings.payloadBytes
  }

  /** To be called before each commit. @param held what all keys hold, in bytes @returns whether it was time to look */
  look(at: number, held: number): boolean {
    const { reserveBytes, keyBytes } = this.#settings
    const much = reserveBytes > 0 && this.written > reserveBytes * LOOK_AFTER_SHARE
    if (!much && at - this.#lookedAt < LOOK_EVERY_MS) return false
    this.#lookedAt = at
    this.written = 0
    try {
      this.#measure()
      this.#fault = null
    } catch (error) {
      // A disk that does not say is no reason to refuse what it may take.
      if (this.#fault === null)
        this.#log.error(`the disk does not say what is free: ${(error as Error).message}`)
      this.#fault = error as Error
      this.isLow = false
      this.isSpent = false
      return true
    }
    const room = this.diskFreeBytes + this.databaseFreeBytes
    this.isLow = room < reserveBytes
    this.keyBytes = keyBytes ?? Math.floor((room + held) * SHARE_OF_ONE_KEY)
    this.#consider(at)
    return true
  }

  #measure(): void {
    const disk = statfsSync(dirname(this.#db.name))
    this.diskFreeBytes = disk.bavail * disk.bsize
    this.databaseFreeBytes = (this.#db.pragma('freelist_count', { simple: true }) as number) * this.pageBytes
  }

  /** Whether this operation is refused before anything of it is written. */
  refuses(op: Op): boolean {
    return this.isSpent && !WAYS_OUT.has(op.kind)
  }

  /** How much is to be put by, in bytes. */
  get mostPutByBytes(): number {
    return this.#spare?.bytes ?? 0
  }

  /** What one try may cost, in bytes: what a deletion needs is little, and others may take what is free before the bus does. */
  get partBytes(): number {
    return Math.ceil(this.mostPutByBytes / PARTS)
  }

  /** @param bytes of what was put by @returns whether that made room */
  giveUp(bytes: number): boolean {
    if (!this.#spare?.giveUp(bytes)) return false
    this.#givenUp = true
    this.isSpent = true
    this.isLow = true
    this.#lookedAt = Number.NEGATIVE_INFINITY
    this.#log.error(
      `the disk is full: gave up some of ${this.#spare.path}; until there is room again, only what deletes is carried out`,
    )
    return true
  }

  /** Gives up what is missing for so much on the disk, if that is enough. */
  makeFor(bytes: number): void {
    try {
      this.#measure()
    } catch {
      // What it is for will say whether there was enough.
      return
    }
    const missing = bytes + bytes / LOG_OVERHEAD + ENOUGH_TO_OPEN - this.diskFreeBytes
    if (missing > 0 && missing <= this.putByBytes) this.giveUp(missing)
  }

  async close(): Promise<void> {
    await this.#spare?.close()
  }

  /**
   * Room that was given up is put by again when twice as much is free, or a disk that stays full would cost it over and over. What
   * is free inside the database is as good: what is written there makes no file grow.
   */
  #consider(at: number): void {
    if (this.#spare === null || this.#spare.bytes === 0) return
    const { bytes, there } = this.#spare
    const isThere = there >= bytes
    const enough = this.#givenUp ? bytes * 2 : bytes
    const spent = !isThere && this.databaseFreeBytes < bytes && this.diskFreeBytes < enough - there
    if (this.isSpent && !spent) this.#log.info('there is room on the disk again: all is carried out')
    this.isSpent = spent
    if (isThere) this.#givenUp = false
    else if (this.diskFreeBytes >= enough - there + bytes / 4 && at - this.#openedAt > SETTLED_AFTER_MS) {
      this.#spare.make().catch(error => this.#complain((error as Error).message))
    }
  }

  /** It is tried again with each look, and one line says why it cannot be made. */
  #complain(reason: string): void {
    if (reason !== this.#toldOf) this.#log.error(`${this.#spare!.path} cannot be made: ${reason}`)
    this.#toldOf = reason
  }
}

/** A disk that is full before the bus has started: what was put by is given up, so that it can. To be called by the owner alone. */
export function makeRoomToOpen(database: string, log: RoomLog): void {
  const { bavail, bsize } = statfsSync(dirname(database))
  const path = spareFileOf(database)
  const there = bytesIn(path)
  if (bavail * bsize >= ENOUGH_TO_OPEN || there === 0) return
  cut(path, Math.max(0, there - ENOUGH_TO_OPEN))
  log.error(`the disk is full: gave up some of ${path} to start`)
}

const spareFileOf = (database: string): string => `${database}.spare`

const putByOf = ({ reserveBytes }: RoomSettings): number =>
  Math.min(MOST_PUT_BY, Math.floor(reserveBytes / 2))
