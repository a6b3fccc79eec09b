/** What the command says on its way: lines that may be lost, and that never hold it up. */
import { writeSync } from 'node:fs'
import { type LineSink, openLineSink } from '@intent-bus/service/log/line-sink'
import { EXIT } from './exit-codes.ts'
import { folded } from './folded.ts'

let errors: LineSink | undefined
let events: LineSink | undefined

/** Standard error. */
export function errorLines(): LineSink {
  errors ??= openLineSink(2)
  return errors
}

/**
 * Sentences for people, on standard error. A terminal gets them in lines of its width; a file or a program, in one line each.
 *
 * @param start what comes before the first line, and takes no room
 */
export function explain(text: string, start = ''): void {
  const { isTTY, columns } = process.stderr
  errorLines().write(`${start}${isTTY ? folded(text, columns || 80) : text}\n`)
}

/** Standard output, where it tells what happens and is not the answer to a question. */
export function eventLines(): LineSink {
  events ??= openLineSink(1)
  return events
}

let done: string | undefined

/** @param text what is done although standard output cannot say so */
export function ifUnwritten(text: string): void {
  done = text
}

/** A program that reads us may have seen enough: `intent-bus dead list | head`. */
export function endWithReader({ code }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') process.exit(0)
  // A worker's terminal that has gone is no reason to stop the work.
  if (events !== undefined) return
  try {
    writeSync(
      2,
      `error: Standard output cannot be written (${code}).${done === undefined ? '' : ` ${done}`}\n`,
    )
  } catch {
    // Then there is no one to tell.
  }
  process.exit(EXIT.unwritten)
}

/** Ends the process if a reader who has stalled would keep it; what is an answer is waited for first. */
export async function endWithoutStalledReaders(): Promise<void> {
  const out = await Promise.all([errors, events].map(sink => sink?.flush() ?? true))
  if (out.every(isOut => isOut)) return
  if (events !== undefined) process.exit()
  process.stdout.write('', () => process.exit())
}
