/**
 * A lock on a file itself, by its device and inode, whatever name it was opened by. It is an open file description lock
 * (fcntl_locking(2), `F_OFD_SETLK`; `LockFileEx` on Windows): it takes no room on the disk, the kernel lets go of it when
 * the process ends in whatever way, and closing the file elsewhere in the process does not release it. Node has no call for it.
 */
import { closeSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'

type Native = { tryLock(fd: number, offset: number, length: number): boolean }

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
  const outcome = tried(native, file)
  if (outcome === 'locked') return { release: () => closeSync(file) }
  closeSync(file)
  return outcome
}

function tried({ tryLock }: Native, file: number): 'locked' | 'taken' | 'unsupported' {
  try {
    return tryLock(file, LOCKED_BYTE, 1) ? 'locked' : 'taken'
  } catch (error) {
    // POSIX lets a system say either when somebody else has it.
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'taken' : 'unsupported'
  }
}

/** It is compiled for common machines alone. */
function loaded(): Native | null {
  try {
    return createRequire(import.meta.url)('fs-native-extensions') as Native
  } catch {
    return null
  }
}
