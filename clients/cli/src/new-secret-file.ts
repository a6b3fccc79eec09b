import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { EXIT } from './exit-codes.ts'
import { Failure } from './failure.ts'

/**
 * A file that was not there, for its owner only from its first moment on.
 *
 * @returns `keep` writes it to the disk; `forget` takes it away again
 * @throws {Failure} when something is there already, or it cannot be made
 */
export function newSecretFile(path: string): { keep: (text: string) => void; forget: () => void } {
  let file: number
  try {
    file = openSync(path, 'wx', 0o600)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'EEXIST' ? 'is there already' : `cannot be made (${code})`
    throw new Failure(`${path} ${why}.`, EXIT.usage, 'Name a file that is not there yet.')
  }
  return {
    keep(text) {
      writeSync(file, text)
      fsyncSync(file)
      closeSync(file)
    },
    forget: () => rmSync(path, { force: true }),
  }
}
