/** What is to be run for each job: a line for a shell, or a program and its arguments as they are. */
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { EXIT } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { COMMAND } from '../invocation.ts'

export type CommandLine = { file: string; args: readonly string[]; shell: boolean }

const HOW = `${COMMAND} work GOAL -- COMMAND [ARGUMENT…], or --exec 'a line for the shell'`

/**
 * @param line of `--exec`
 * @param words behind `--`
 * @param dashes whether there was a `--`: without one, an option of COMMAND would be taken for one of `work`
 * @throws {Failure} when it is neither or both, or there is no such program: every job would fail by it
 */
export function commandLine(
  line: string | undefined,
  words: readonly string[],
  dashes: boolean,
): CommandLine {
  const [file, ...args] = words
  if (line !== undefined && file !== undefined) {
    throw new Failure('work takes one command: after --, or with --exec.', EXIT.usage, HOW)
  }
  if (line !== undefined) return { file: line, args: [], shell: true }
  if (file === undefined) throw new Failure('work takes a command for the jobs.', EXIT.usage, HOW)
  if (!dashes)
    throw new Failure(`work takes its command after --; it got "${file}" without.`, EXIT.usage, HOW)
  if (!isThere(file)) throw new Failure(`There is no command ${file}.`)
  return { file, args, shell: false }
}

function isThere(file: string): boolean {
  // There, endings are tried that a variable lists.
  if (process.platform === 'win32') return true
  const places = file.includes('/') ? [''] : (process.env['PATH'] ?? '').split(delimiter)
  return places.some(place => isProgram(place === '' ? file : join(place, file)))
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
