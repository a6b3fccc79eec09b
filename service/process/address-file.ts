/** Where the bus listens, noted beside its secrets: who has a terminal in that directory need not know the port. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { writePrivateFile } from '../secrets/private-file.ts'

const ADDRESS_FILE = 'bus.url'

/**
 * Writes `http://localhost:8080` and a line break. What a bus that was killed has left there is replaced.
 *
 * @param warn hears when it cannot be written, which is no reason not to run
 * @returns what removes it
 */
export function noteAddress(dataDir: string, url: string, warn: (line: string) => void): () => void {
  const file = join(dataDir, ADDRESS_FILE)
  try {
    writePrivateFile(file, `${url}\n`, 'the command line will not find this bus by itself.')
  } catch (error) {
    warn((error as Error).message)
  }
  return () => {
    try {
      rmSync(file, { force: true })
    } catch {
      // Whoever reads it gets no answer there, and is told where the address came from.
    }
  }
}
