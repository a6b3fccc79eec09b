import { closeSync, fsyncSync, openSync } from 'node:fs'

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
