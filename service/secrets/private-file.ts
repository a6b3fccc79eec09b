/** Files that only the bus may read: written whole or not at all, and kept that way. */
import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { ownerOf } from '../files/owner.ts'
import { errorCode, SecretsError } from './secrets-error.ts'

const OWNER_ONLY = 0o600
const OTHERS = 0o077

/**
 * @returns `undefined` when there is no such file
 * @param warn hears of a file that others could read; it is closed to them where that is possible
 * @throws {SecretsError} when it is there and can't be read
 */
export function readPrivateFile(path: string, warn: (line: string) => void): string | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    tighten(path, warn)
    return text
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw new SecretsError(`${path} cannot be read (${errorCode(error)}): check who owns it.${ownerOf(path)}`)
  }
}

/**
 * Temporary file, fsync, rename, fsync of the directory: after a power cut the file is the old one or the new one,
 * never an empty one. Callers hold the store's lock, so no other bus writes it at the same time.
 *
 * @throws {SecretsError}
 */
export function writePrivateFile(path: string, text: string, wayOut: string): void {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    rmSync(temporary, { force: true })
    const file = openSync(temporary, 'wx', OWNER_ONLY)
    try {
      writeFileSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
    syncDirectory(dirname(path))
  } catch (error) {
    removeQuietly(temporary)
    throw new SecretsError(`${path} cannot be written (${errorCode(error)}): ${wayOut}${ownerOf(path)}`)
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // The write has failed already, and its reason is the one to tell.
  }
}

/** Closes a file that others could read, where that is possible. */
export function tighten(path: string, warn: (line: string) => void): void {
  // Windows knows no such bits.
  if (process.platform === 'win32' || (statSync(path).mode & OTHERS) === 0) return
  try {
    chmodSync(path, OWNER_ONLY)
    warn(`${path} could be read by other users of this machine; it is now closed to them (mode 0600).`)
  } catch (error) {
    warn(
      `${path} can be read by other users of this machine, and its mode cannot be changed (${errorCode(error)}).`,
    )
  }
}

function syncDirectory(path: string): void {
  if (process.platform === 'win32') return
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
