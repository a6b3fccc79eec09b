/** What tests install or build once on a machine: outside of the clone, so that the next clone finds it. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

export const CACHE = process.env['INTENT_BUS_TEST_CACHE'] ?? join(homedir(), '.cache/intent-bus-test')

const PAUSE_MS = 100
const pause = new Int32Array(new SharedArrayBuffer(4))

/**
 * Waits until no other process makes the same thing. Files of tests run at the same time and share what they install. What a killed
 * process left is taken over.
 *
 * @param path what is made, in {@link CACHE} @returns what lets the others in
 */
export function alone(path: string): () => void {
  const lock = `${path}.lock`
  mkdirSync(dirname(lock), { recursive: true })
  while (!taken(lock)) Atomics.wait(pause, 0, 0, PAUSE_MS)
  return () => rmSync(lock)
}

function taken(lock: string): boolean {
  try {
    writeFileSync(lock, `${process.pid}`, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  if (!isAlive(holderOf(lock))) rmSync(lock, { force: true })
  return false
}

/** @returns undefined while the number is being written, or when the lock is gone */
function holderOf(lock: string): number | undefined {
  try {
    return Number(readFileSync(lock, 'utf8')) || undefined
  } catch {
    return undefined
  }
}

function isAlive(pid: number | undefined): boolean {
  if (pid === undefined) return true
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
