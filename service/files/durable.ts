/** Files that a power cut leaves as they were before, or as they are meant to be. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Temporary file, fsync, rename, fsync of the directory: what is there afterwards is the old text or the new one, never a part.
 * The file is its owner's alone from its first byte on. Two must not write the same at once: callers hold the store's lock.
 *
 * @param draft what it is called until it is whole, in the same directory
 */
export function writeDurably(path: string, text: string, draft = `${path}.tmp`): void {
  rmSync(draft, { force: true })
  try {
    const file = openSync(draft, 'wx', 0o600)
    try {
      writeFileSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    putInPlace(draft, path)
  } catch (error) {
    removeQuietly(draft)
    throw error
  }
}

/** Gives what is whole, and on the disk already, its name. */
export function putInPlace(draft: string, path: string): void {
  renameSync(draft, path)
  syncFolder(dirname(path))
}

/** Else a power cut could forget the name of a file that was made or renamed there. Windows opens no directories. */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // The write has failed already, and its reason is the one to tell.
  }
}
