import { statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Database } from 'better-sqlite3'
import { BUSY_TIMEOUT_MS } from './connection.ts'
import { isStorageFault } from './storage-faults.ts'

/**
 * Pages of 4 KiB in the write-ahead log before it is copied into the database: 16 MiB. On slow flash, too: at 20 ms a sync a log
 * of 1 MiB does a twentieth less jobs/s and writes a tenth more for each, and one of 64 MiB is no better (`npm run bench -- --only
 * flash`). Nor does a smaller one shorten the longest wait where the serving thread copies it itself: 333, 350 and 430 ms with
 * 16, 4 and 1 MiB. Larger ones take longer to recover after a kill.
 */
const LOG_PAGES = 4000
/** The log is looked at after so many commits, or so many bytes of them: a batch alone can write 10 MB. */
const LOOK_EVERY = 32
const LOOK_AFTER_BYTES = 2 * 1024 * 1024
/** Frames that the writer may copy itself, to let the log start over from its beginning. */
const REMAINDER = 1000
/** After so many copies in a row the writer copies the rest whatever its length: the other thread cannot keep up. */
const ROUNDS = 5
/** And after two, when it is so many times as long as it should be: that is how much room is put by. */
const TOO_LONG = 2

/** A thread costs about 15 MB: it is started when first needed, and let go when a while has passed without need. */
const IDLE_MS = 30_000

type LogState = { busy: number; log: number; checkpointed: number }

/**
 * Keeps the write-ahead log short without holding up commits. Another thread copies the bulk; what was written
 * meanwhile is a few frames, which the writer copies between two commits, because only a log that is copied to its
 * last frame starts over. Under a load that never pauses it would otherwise grow for ever.
 */
export class Checkpoints {
  readonly #db: Database
  #thread: Worker | null = null
  readonly #complain: (message: string) => void
  #commits = 0
  #bytes = 0
  #letGo: NodeJS.Timeout | undefined
  #running = false
  /** What had been copied when the other thread was last asked, and how often in a row it was. */
  #before = 0
  #rounds = 0
  readonly #where: 'beside' | 'here'
  readonly #pages: number
  #soon: NodeJS.Immediate | undefined

  /** @param where the log is copied: by a thread of its own, or by this one, between two commits */
  constructor(
    db: Database,
    complain: (message: string) => void,
    where: 'beside' | 'here' = 'beside',
    pages = LOG_PAGES,
  ) {
    this.#db = db
    this.#complain = complain
    this.#where = where
    this.#pages = pages
    db.pragma('wal_autocheckpoint = 0')
  }

  /** To be called after each commit. @param bytes about what it wrote to the log, if it was much */
  committed(bytes: number): void {
    this.#commits += 1
    this.#bytes += bytes
    if (this.#commits < LOOK_EVERY && this.#bytes < LOOK_AFTER_BYTES) return
    this.#commits = 0
    this.#bytes = 0
    const { log, checkpointed } = this.#log('NOOP')
    if (log > this.#pages && checkpointed < log && !this.#running && lackingForLog(this.#db) <= 0) {
      this.#rounds = 0
      this.#copy(checkpointed)
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#letGo)
    clearImmediate(this.#soon)
    await this.#thread?.terminate()
  }

  #copied(fault: string | null): void {
    this.#running = false
    this.#letGo = setTimeout(() => this.#stop(), IDLE_MS).unref()
    if (fault !== null) this.#complain(`checkpoint: ${fault}`)
    const { log, checkpointed } = this.#log('NOOP')
    if (checkpointed === log) return
    // Somebody reads what the log began with (a backup does, as long as it copies), and nothing behind that can be
    // copied. To ask again at once would be in vain; for the writer to wait for it, a stop of all commits when it is let go.
    if (fault === null && checkpointed === this.#before) return
    if (lackingForLog(this.#db) > 0) return
    const isLate = this.#rounds >= ROUNDS || (this.#rounds > 1 && log > this.#pages * TOO_LONG)
    if (fault !== null || log - checkpointed <= REMAINDER || isLate) this.#log('PASSIVE')
    else this.#copy(checkpointed)
  }

  #copy(copied: number): void {
    if (this.#where === 'here') {
      // Behind the answers to what has just been committed.
      this.#soon = setImmediate(() => this.#log('PASSIVE'))
      return
    }
    this.#before = copied
    this.#rounds += 1
    clearTimeout(this.#letGo)
    try {
      this.#thread ??= this.#start()
    } catch (error) {
      // No thread to be had (a limit on processes): slower, but the log must not grow for ever.
      this.#complain(`checkpoint: ${(error as Error).message}`)
      this.#log('PASSIVE')
      return
    }
    this.#running = true
    this.#thread.postMessage(null)
  }

  #start(): Worker {
    const thread = new Worker(new URL('./checkpoint-thread.ts', import.meta.url), {
      workerData: { path: this.#db.name },
      resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 16 },
    })
    thread.on('message', (fault: string | null) => this.#copied(fault))
    thread.on('error', error => {
      this.#thread = null
      this.#copied(error instanceof Error ? error.message : String(error))
    })
    return thread
  }

  #stop(): void {
    void this.#thread?.terminate()
    this.#thread = null
  }

  #log(mode: 'NOOP' | 'PASSIVE'): LogState {
    try {
      return (this.#db.pragma(`wal_checkpoint(${mode})`) as LogState[])[0]!
    } catch (error) {
      // Nothing is lost: the log keeps what could not be copied, and a full disk is reported by the commits.
      this.#complain(`checkpoint: ${(error as Error).message}`)
      return { busy: 1, log: 0, checkpointed: 0 }
    }
  }
}

/**
 * Bytes that the disk lacks to copy the log into the database; 0 or less: it fits. A copy that stops half way has used the
 * room that the next commit needs, and the log is no shorter.
 */
export function lackingForLog(db: Database): number {
  try {
    const pages = db.pragma('page_count', { simple: true }) as number
    const growth = pages * (db.pragma('page_size', { simple: true }) as number) - statSync(db.name).size
    if (growth <= 0) return growth
    const { bavail, bsize } = statfsSync(dirname(db.name))
    return growth - bavail * bsize
  } catch {
    // A disk that does not say is no reason to let the log grow for ever.
    return 0
  }
}

/**
 * Copies the log into the database and gives its room back, without waiting for anybody who reads.
 *
 * @returns whether it is empty now. A disk that does not take the copy is reported by the commits that meet it
 */
export function startLogOver(db: Database): boolean {
  if (lackingForLog(db) > 0) return false
  try {
    const { log, checkpointed } = (db.pragma('wal_checkpoint(PASSIVE)') as LogState[])[0]!
    if (checkpointed < log) return false
    db.pragma('busy_timeout = 0')
    try {
      return (db.pragma('wal_checkpoint(TRUNCATE)') as LogState[])[0]!.busy === 0
    } finally {
      db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`)
    }
  } catch (error) {
    if (isStorageFault(error)) return false
    throw error
  }
}

/** A log that cannot be copied, because the disk is full or fails, stays beside the database: the next start reads it. */
export function emptyLog(db: Database, complain: (message: string) => void): void {
  try {
    if (lackingForLog(db) > 0) throw new Error('the disk has no room for what is in the log')
    db.pragma('wal_checkpoint(TRUNCATE)')
  } catch (error) {
    complain(`checkpoint: ${(error as Error).message}`)
  }
}
