/** A directory of backups: what lies in it, and what may go. */
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { CHECKSUM, type NameParts, nameOf, newestFirst, partsOf } from './names.ts'

export type Shelved = NameParts & {
  name: string
  bytes: number
  /** As it stands beside it; `null`: there is none, or it cannot be read. */
  sha256: string | null
}

/** What an unfinished one is called; it gets its name when it is whole, verified and on disk. */
export const unfinished = (name: string): string => `.${name}.partial`
const UNFINISHED = /^\.bus-.*\.partial$/

/** One that is written grows all the time. What has not for so long is what a kill left, in ms. */
const LEFT_BEHIND_MS = 3_600_000

/** Whatever the clock says. */
const ALWAYS_KEPT = 3

/** @returns the newest first; none when there is no such directory */
export function shelved(directory: string): Shelved[] {
  const found: Shelved[] = []
  for (const name of namesIn(directory)) {
    const parts = partsOf(name)
    if (parts === null) continue
    const stat = lstatSync(join(directory, name), { throwIfNoEntry: false })
    if (stat?.isFile())
      found.push({ ...parts, name, bytes: stat.size, sha256: checksumBeside(directory, name) })
  }
  return found.toSorted(newestFirst)
}

/**
 * Deletes the backups that are older than `keepMs`, and what unfinished ones left. The newest three that have their checksum
 * stay however old they are: by a clock that has jumped ahead all of them are. Other files stay.
 *
 * @returns the names of the backups that went
 */
export function tidy(directory: string, keepMs: number, now: number): string[] {
  const all = shelved(directory)
  const newest = all.filter(({ sha256 }) => sha256 !== null).slice(0, ALWAYS_KEPT)
  const old = all.filter(backup => !newest.includes(backup) && now - backup.at > keepMs)
  for (const { name } of old) {
    // The checksum last: a backup without one would look unverified.
    rmSync(join(directory, name), { force: true })
    rmSync(join(directory, name + CHECKSUM), { force: true })
  }
  for (const name of namesIn(directory).filter(each => UNFINISHED.test(each))) {
    const stat = lstatSync(join(directory, name), { throwIfNoEntry: false })
    if (stat !== undefined && Date.now() - stat.mtimeMs > LEFT_BEHIND_MS) {
      rmSync(join(directory, name), { force: true })
    }
  }
  return old.map(({ name }) => name)
}

/** A name that is taken, and its unfinished file, which is open for writing. */
export type Reserved = { name: string; file: FileHandle }

/**
 * Takes a name in a directory that backups of several buses come to: two of one second are called alike. What is there
 * stays, unless it is the same one.
 *
 * @param sha256 `null`: there is none yet, so it is the same as no other
 * The file is made here and its descriptor is kept: others may be able to write to that directory, and a link in its place
 * would lead what is written to a file of the bus.
 *
 * @returns the name, or the next of that second that is free
 */
export async function reserve(directory: string, name: string, sha256: string | null): Promise<Reserved> {
  const parts = partsOf(name)!
  for (let { again } = parts; ; again++) {
    const candidate = nameOf({ ...parts, again })
    const partial = join(directory, unfinished(candidate))
    let file: FileHandle
    try {
      file = await open(partial, 'wx', 0o600)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue
      throw error
    }
    // Looked at after the unfinished one is ours: whoever had it before may have given it its name just now.
    const isFree = !existsSync(join(directory, candidate))
    if (isFree || (sha256 !== null && checksumBeside(directory, candidate) === sha256))
      return { name: candidate, file }
    await file.close()
    rmSync(partial, { force: true })
  }
}

/** What a backup of that moment has left that was broken off just now. */
export function removeUnfinished(directory: string, at: number): void {
  const beginning = unfinished(nameOf({ at, again: 0, encrypted: false })).slice(
    0,
    '.bus-20261124T170102Z'.length,
  )
  for (const name of namesIn(directory)) {
    if (UNFINISHED.test(name) && name.startsWith(beginning)) rmSync(join(directory, name), { force: true })
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** As `sha256sum` writes it: the digest, two characters, the name. */
export const checksumLine = (sha256: string, name: string): string => `${sha256}  ${name}\n`

export function checksumBeside(directory: string, name: string): string | null {
  try {
    const [, digest] =
      /^([0-9a-f]{64}) [ *]/.exec(readFileSync(join(directory, name + CHECKSUM), 'utf8')) ?? []
    return digest ?? null
  } catch {
    return null
  }
}
