/**
 * The end of a command whose children still hold its output, as a command line with `&` or one that starts a daemon leaves
 * them: what it printed is read, and the command does not wait for them.
 */
import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** A child that prints without end never leaves the pipe empty. */
const MOST_TURNS = 1000
/** Libuv polls between two turns, and reads what is there. The first of two may have begun before the command ended. */
const QUIET_TURNS = 2

/** Resolves when all is read that was printed before. What a command has written by its end is in the pipe by then. */
export async function drained({ stdout, stderr }: ChildProcess): Promise<void> {
  let quiet = 0
  const heard = () => {
    quiet = 0
  }
  const pipes = [stdout!, stderr!]
  for (const pipe of pipes) pipe.on('data', heard)
  for (let turn = 0; quiet < QUIET_TURNS && turn < MOST_TURNS; turn++) {
    quiet += 1
    await nextTurn()
  }
  for (const pipe of pipes) pipe.off('data', heard)
}

/** Children that still print go on, and do not keep the worker from its end. */
export function release({ stdout, stderr }: ChildProcess): void {
  stdout!.removeAllListeners('data').resume()
  for (const pipe of [stdout!, stderr!]) (pipe as Readable & { unref?(): void }).unref?.()
}
