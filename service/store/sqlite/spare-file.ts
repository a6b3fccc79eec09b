import { randomFillSync } from 'node:crypto'
import { constants, statSync, truncateSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

const CHUNK = 1024 * 1024
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
    if (this.#there > bytes || (this.#there === 0 && existing(path) !== undefined)) this.#cut(bytes)
  }

  /** What is put by at present. */
  get there(): number {
    return this.#there
  }

  /** @returns whether there was anything to give up */
  giveUp(bytes: number): boolean {
    this.#stopped = true
    if (existing(this.path) === undefined) return false
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
      // Others may write to the folder, and have put a link there.
      file = await open(
        this.path,
        constants.O_WRONLY | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0),
        0o600,
      )
      const noise = randomFillSync(Buffer.alloc(Math.min(CHUNK, this.bytes)))
      let there = before
      while (there < this.bytes && !this.#stopped) {
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
    truncateSync(this.path, bytes)
    this.#there = Math.min(this.#there, bytes)
  }
}

const existing = (path: string) => statSync(path, { throwIfNoEntry: false })

/** What it really takes of the disk: the copy of a data directory may bring one that takes nothing (`cp --sparse`). */
export function bytesIn(path: string): number {
  const found = existing(path)
  if (found === undefined) return 0
  // Windows and some network file systems do not say.
  if (found.blocks === undefined || found.blocks === 0) return process.platform === 'win32' ? found.size : 0
  return Math.min(found.size, found.blocks * BLOCK)
}
