/** Which backup of a directory to restore. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { BackupFault } from './fault.ts'
import { shelved } from './shelf.ts'

export type Chosen = {
  file: string
  /** How many backups there are. */
  of: number
  /** Newer ones that are not what their checksum says: cut off or damaged since. */
  passedOver: string[]
}

/**
 * The newest that is what the checksum beside it says. One without a checksum counts as whole here: unpacking it looks,
 * and the database inside is examined.
 *
 * @throws {BackupFault} there is none
 */
export async function newestWhole(directory: string): Promise<Chosen> {
  const all = shelved(directory)
  const passedOver: string[] = []
  for (const { name, sha256 } of all) {
    const file = join(directory, name)
    if (sha256 === null || (await digestOf(file)) === sha256) return { file, of: all.length, passedOver }
    passedOver.push(name)
  }
  throw new BackupFault(
    'failed',
    all.length === 0
      ? `There is no backup in ${directory}: their names are such as bus-20261124T170102Z.db.zst.`
      : `None of the ${all.length} backups in ${directory} is what its checksum says: ${passedOver.join(', ')}.`,
  )
}

async function digestOf(file: string): Promise<string> {
  const digest = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), digest)
  return digest.digest('hex')
}
