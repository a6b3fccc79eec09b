/**
 * A lock on a file itself, by its device and inode, whatever name it was opened by. It is an open file description lock
 * (fcntl_locking(2), `F_OFD_SETLK`; `LockFileEx` on Windows): it takes no room on the disk, the kernel lets go of it when
 * the process ends in whatever way, and closing the file elsewhere in the process does not release it. Node has no call for it.
 */
import { closeSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'

type Native = { tryLock(fd: number, offset: number, length: number, exclusive: boolean): void }

/** One byte beyond any database: SQLite's own locks are at 1 GiB, and its largest file has 2^48 bytes. */
const LOCKED_BYTE = 2 ** 52

/** `unsupported`: there are no such locks on this machine or this file system. */
export type FileLock = { release(): void } | 'taken' | 'unsupported'

let native: Native | null | undefined

/**
 * Never waits.
 *
 * @param path of a file that is there
 * @throws {Error} from `open`, with its `code`
 */
export function lockFile(path: string): FileLock {
  native ??= loaded()
  if (native === null) return 'unsupported'
  const file = openSync(path, 'r+')
  const outcome = tried(native, file, LOCKED_BYTE, 1)
  if (outcome === 'locked') return { release: () => closeSync(file) }
  closeSync(file)
  return outcome
}

/**
 * Whether another process has locked any of these bytes, were it only for reading. Not to be asked by a process that has the
 * database open: closing the file releases its own locks of the other kind.
 */
export function isLockedByOthers(path: string, offset: number, length: number): boolean {
  native ??= loaded()
  if (native === null) return true
  const file = openSync(path, 'r+')
  const outcome = tried(native, file, offset, length)
  closeSync(file)
  return outcome !== 'locked'
}

function tried(
  { tryLock }: Native,
  file: number,
  offset: number,
  length: number,
): 'locked' | 'taken' | 'unsupported' {
  try {
    tryLock(file, offset, length, true)
    return 'locked'
  } catch (error) {
    // POSIX lets a system say either when somebody else has it.
    return ['EAGAIN', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')
      ? 'taken'
      : 'unsupported'
  }
}

/** It is compiled for common machines alone. Without what looks for the right file, which takes 0.8 MiB to do so. */
function loaded(): Native | null {
  const compiled = `fs-native-extensions/prebuilds/${process.platform}-${process.arch}/fs-native-extensions.node`
  try {
    return createRequire(import.meta.url)(compiled) as Native
  } catch {
    return null
  }
}
