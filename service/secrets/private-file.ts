/** Files that only the bus may read: written whole or not at all, and kept that way. */
import { chmodSync, readFileSync, statSync } from 'node:fs'
import { writeDurably } from '../files/durable.ts'
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

/** @throws {SecretsError} with `wayOut` */
export function writePrivateFile(path: string, text: string, wayOut: string): void {
  try {
    writeDurably(path, text)
  } catch (error) {
    throw new SecretsError(`${path} cannot be written (${errorCode(error)}): ${wayOut}${ownerOf(path)}`)
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
