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
  const outcome = tried(native, file)
  if (outcome === 'locked') return { release: () => closeSync(file) }
  closeSync(file)
  return outcome
}

function tried({ tryLock }: Native, file: number): 'locked' | 'taken' | 'unsupported' {
  try {
    tryLock(file, LOCKED_BYTE, 1, true)
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
