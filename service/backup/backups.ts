import { Worker } from 'node:worker_threads'
import type { Chance } from '../broker/identity.ts'
import type { Clock } from '../clock.ts'
import { BusError } from '../errors.ts'
import { ownerOfFolder } from '../files/owner.ts'
import type { KeptFile } from '../store/sqlite/copy.ts'
import type { FromThread, ThreadJob } from './backup-thread.ts'
import { lineOf } from './fault.ts'
import { removeLeftCopy } from './left-copy.ts'
import type { Made } from './make.ts'
import { Schedule } from './schedule.ts'
import type { Seal } from './seal.ts'
import { removeUnfinished, type Shelved, shelved, tidy } from './shelf.ts'
import type { Bucket } from './upload.ts'

export type BackupSettings = {
  directory: string
  /** 0: none by itself. */
  intervalMs: number
  keepMs: number
  seal: Seal | null
  bucket: Bucket | null
  /** What must be left free on the disk, in bytes. */
  leaveBytes: number
}

/** What the metrics hear. */
export interface BackupObserver {
  /** At the start: the newest that lies there. */
  backupFound(at: number, bytes: number): void
  backupMade(at: number, bytes: number, durationMs: number): void
  backupFailed(): void
  backupUploaded(done: boolean): void
}

/** `uploaded`: `null` when there is no bucket. */
export type Backup = Made & { uploaded: boolean | null }

export type BackupParts = {
  /** The database's file. */
  source: string
  settings: BackupSettings
  /** What is to travel inside, read anew for each. */
  keep: () => readonly KeptFile[]
  clock: Clock
  chance: Pick<Chance, 'uniform'>
  observer: BackupObserver
  /** Wall ms. */
  wallNow: () => number
  log: { info(line: string): void; error(line: string): void }
}

type Running = { at: number; thread: Worker; done: Promise<Backup> }

/** One at a time, in a thread that lives as long as the backup does. Between two there is nothing but a timer, if that. */
export class Backups {
  readonly #parts: BackupParts
  readonly #schedule: Schedule
  readonly #drain = Promise.withResolvers<void>()
  #running: Running | null = null
  #draining = false
  #lastFailure: { at: number; message: string } | null = null

  constructor(parts: BackupParts) {
    this.#parts = parts
    const { settings, clock, chance, wallNow } = parts
    this.#schedule = new Schedule(settings.intervalMs, { clock, chance, wallNow }, () => this.make())
  }

  /** Looks at what is there, and sets the timer. To be called once. */
  begin(): void {
    const { source, observer, log } = this.#parts
    removeLeftCopy(source)
    try {
      const newest = this.#newest()
      if (newest !== undefined) observer.backupFound(newest.at, newest.bytes)
      this.#schedule.begin(newest?.at ?? null)
    } catch (error) {
      log.error(`the backups cannot be read: ${lineOf(error)}.${ownerOfFolder(this.directory)}`)
      this.#schedule.begin(null)
    }
  }

  /** Wall ms at which the one under way was begun; `null`: there is none. */
  get runningSince(): number | null {
    return this.#running?.at ?? null
  }

  get lastFailure(): { at: number; message: string } | null {
    return this.#lastFailure
  }

  /** Resolves when the bus begins to stop: nobody should wait for a backup then. */
  get drained(): Promise<void> {
    return this.#drain.promise
  }

  get directory(): string {
    return this.#parts.settings.directory
  }

  /** @throws {BusError} `backup_failed`: the directory cannot be read */
  list(): Shelved[] {
    try {
      return shelved(this.directory)
    } catch (error) {
      throw new BusError(
        'backup_failed',
        `The backups cannot be read: ${lineOf(error)}.${ownerOfFolder(this.directory)}`,
      )
    }
  }

  /**
   * Makes one. What was acknowledged before this was called is in it.
   *
   * @throws {BusError} `backup_running`, `draining`, `storage_full`, `backup_failed`
   */
  async make(): Promise<Backup> {
    if (this.#draining) throw new BusError('draining', 'The bus is shutting down. Try again shortly.', 1)
    if (this.#running !== null) {
      throw new BusError('backup_running', 'Another backup is under way. Ask again when it is done.')
    }
    const { observer, log, wallNow } = this.#parts
    const at = wallNow()
    try {
      this.#running = this.#start(at)
      const backup = await this.#running.done
      this.#lastFailure = null
      return backup
    } catch (error) {
      this.#lastFailure = { at, message: lineOf(error) }
      observer.backupFailed()
      log.error(`the backup failed: ${lineOf(error)}`)
      throw error instanceof BusError
        ? error
        : new BusError('backup_failed', `The backup failed: ${lineOf(error)}`)
    } finally {
      this.#running = null
    }
  }

  /** No more are begun, and nobody waits for the one under way. */
  beginDrain(): void {
    this.#draining = true
    this.#schedule.end()
    this.#drain.resolve()
  }

  /** Gives the one under way so long (ms), then breaks it off; what it had written goes. */
  async close(graceMs: number): Promise<void> {
    this.beginDrain()
    const running = this.#running
    if (running === null) return
    const ended = running.done.then(
      () => undefined,
      () => undefined,
    )
    const grace = Promise.withResolvers<void>()
    const timer = setTimeout(grace.resolve, graceMs)
    await Promise.race([ended, grace.promise])
    clearTimeout(timer)
    await running.thread.terminate()
    await ended
    removeLeftCopy(this.#parts.source)
    removeUnfinished(this.directory, running.at)
  }

  #start(at: number): Running {
    const { source, settings, keep } = this.#parts
    const { directory, seal, leaveBytes, bucket } = settings
    const job = { source, directory, at, seal, leaveBytes, keep: keep() }
    const thread = new Worker(new URL('./backup-thread.ts', import.meta.url), {
      workerData: { job, bucket } satisfies ThreadJob,
      resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 128 },
    })
    return { at, thread, done: this.#follow(thread) }
  }

  /** @returns when the thread has ended */
  async #follow(thread: Worker): Promise<Backup> {
    const { settings, observer, log } = this.#parts
    let made: Made | null = null
    let fault: Error | null = null
    let uploaded: boolean | null = settings.bucket === null ? null : false
    thread.on('message', (message: FromThread) => {
      switch (message.kind) {
        case 'made':
          made = message.made
          this.#shelve(made)
          break
        case 'failed':
          fault =
            message.reason === 'no_room'
              ? new BusError('storage_full', message.message, 60)
              : new Error(message.message)
          break
        case 'uploaded':
          uploaded = true
          observer.backupUploaded(true)
          break
        case 'not-uploaded':
          observer.backupUploaded(false)
          log.error(`the backup is made and could not be uploaded: ${message.message}`)
      }
    })
    thread.on('error', error => {
      fault = error as Error
    })
    await new Promise<void>(resolve => thread.once('exit', () => resolve()))
    if (fault !== null) throw fault
    if (made === null) throw new Error('it was broken off')
    return { ...(made as Made), uploaded }
  }

  #shelve({ name, at, bytes, durationMs, contents }: Made): void {
    const { settings, observer, log, wallNow } = this.#parts
    observer.backupMade(at, bytes, durationMs)
    const all = Object.values(contents.intents).reduce((sum, count) => sum + count, 0)
    log.info(
      `backup ${name}: ${all} intents, ${bytes} bytes, in ${(durationMs / 1000).toFixed(1)} s; verified`,
    )
    try {
      const gone = tidy(settings.directory, settings.keepMs, wallNow())
      if (gone.length > 0) log.info(`deleted ${gone.length} backups that were kept long enough`)
    } catch (error) {
      log.error(`old backups cannot be deleted: ${lineOf(error)}`)
    }
  }

  #newest(): Shelved | undefined {
    return shelved(this.directory).find(({ sha256 }) => sha256 !== null)
  }
}
