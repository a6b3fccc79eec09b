/** A pipe that has no room left and that no one reads. Not for Windows. */
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** @returns its descriptor, until the test ends. It is open for both sides, so that neither waits for the other. */
export function fullPipe(): number {
  const dir = mkdtempSync(join(tmpdir(), 'bus-pipe-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'pipe')
  execFileSync('mkfifo', [path])
  const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  onTestFinished(() => closeSync(pipe))
  for (let size = 65_536; size >= 1; size = Math.floor(size / 2)) {
    try {
      for (;;) writeSync(pipe, Buffer.alloc(size, 'x'))
    } catch {
      // No room for so many bytes.
    }
  }
  return pipe
}
