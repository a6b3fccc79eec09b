import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Failure } from './failure.ts'

/** @throws {Failure} when the command was taken out of the clone of the repository, in which the bus is */
export function needsClone(command: string): void {
  if (existsSync(fileURLToPath(new URL('../../../service/launch.js', import.meta.url)))) return
  throw new Failure(`${command} needs a clone of the repository, in which the bus is.`)
}
