import { randomFillSync } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  rmSync,
  type Stats,
} from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

const CHUNK = 64 * 1024
const BLOCK = 512

/**
 * Room put by on the disk of the database: a file that holds nothing, and is cut shorter when the disk is full, so that what
 * deletes can be written down and copied into the database. It is filled with noise, and synced, because a file system may keep
 * zeros without room for them. It is as much as its length says, so an interrupted try is a beginning.
 */
export class SpareFile {
  readonly path: string
  /** How large it is to be; 0: there is to be none. */
  readonly bytes: number
  #there: number
  #making: Promise<void> | null = null
  #stopped = false

  constructor(path: string, bytes: number) {
    this.path = path
    this.bytes = bytes
    this.#there = bytesIn(path)
    if (this.#there > bytes || (this.#there === 0 && isOwn(found(path)))) this.#cut(bytes)
  }

  /** What is put by at present. */
  get there(): number {
    return this.#there
  }

  /** @returns whether there was anything to give up */
  giveUp(bytes: number): boolean {
    this.#stopped = true
    if (!isOwn(found(this.path))) return false
    const had = this.#there > 0 || this.#making !== null
    this.#cut(Math.max(0, this.#there - Math.ceil(bytes)))
    return had
  }

  /** Makes what is missing, in the background, a MiB at a time. A disk that has no room for it after all gets it back. */
  make(): Promise<void> {
    this.#making ??= this.#make().finally(() => {
      this.#making = null
    })
    return this.#making
  }

  /** Leaves off what is under way. What is there stays. */
  async close(): Promise<void> {
    this.#stopped = true
    await this.#making
  }

  async #make(): Promise<void> {
    this.#stopped = false
    const before = this.#there
    let file: FileHandle | undefined
    try {
      // Not the file, only its name here, which is the bus's.
      if (!isOwn(found(this.path))) rmSync(this.path, { force: true })
      file = await open(this.path, WRITING | constants.O_CREAT, 0o600)
      if (!isOwn(await file.stat())) throw new Error('somebody has put another file there')
      const noise = Buffer.alloc(Math.min(CHUNK, this.bytes))
      let there = before
      while (there < this.bytes && !this.#stopped) {
        randomFillSync(noise)
        const { bytesWritten } = await file.write(noise, 0, Math.min(this.bytes - there, noise.length), there)
        there += bytesWritten
      }
      await file.sync()
      if (!this.#stopped) this.#there = there
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOSPC') throw error
      this.#stopped = true
    } finally {
      // What came on top is worth nothing to a disk that is full already.
      if (this.#stopped) await file?.truncate(Math.min(before, this.#there))
      await file?.close()
    }
  }

  #cut(bytes: number): void {
    cut(this.path, bytes)
    this.#there = Math.min(this.#there, bytes)
  }
}

/** Others may write to the folder, and have put something else there: a link to a file of ours, or a pipe that has no reader. */
const WRITING = constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

const found = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false })

/** A link is not followed, and a file that has another name (a snapshot made with `cp -al`) is left as it is. */
const isOwn = (stats: Stats | undefined): boolean => stats?.isFile() === true && stats.nlink === 1

/** Makes the file no longer than that. @throws {Error} when it is not the bus's own */
export function cut(path: string, bytes: number): void {
  const file = openSync(path, WRITING)
  try {
    if (!isOwn(fstatSync(file))) throw new Error(`${path} is not a file of the bus's own`)
    ftruncateSync(file, bytes)
  } finally {
    closeSync(file)
  }
}

/** What it really takes of the disk: the copy of a data directory may bring one that takes nothing (`cp --sparse`). */
export function bytesIn(path: string): number {
  const stats = found(path)
  if (stats === undefined || !isOwn(stats)) return 0
  const { size, blocks } = stats
  // Windows and some network file systems do not say.
  if (blocks === undefined || blocks === 0) return process.platform === 'win32' ? size : 0
  return Math.min(size, blocks * BLOCK)
}
