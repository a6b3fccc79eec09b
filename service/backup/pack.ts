/** A copy of the database as one file to keep: compressed, encrypted if asked, with its checksum; and back again. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'
import { putInPlace, writeDurably } from '../files/durable.ts'
import { BackupFault, lineOf } from './fault.ts'
import { CHECKSUM } from './names.ts'
import { type Opener, type Seal, sealer, unsealer } from './seal.ts'
import { checksumLine, type Reserved, unfinished } from './shelf.ts'

type Bytes = AsyncIterable<Uint8Array>

const OWNER_ONLY = 0o600
const READ_BYTES = 1024 * 1024
/** What is written at once stands before the write-ahead log's next sync; a little at a time it does not, in bytes. */
const SYNC_EVERY = 1024 * 1024

/**
 * zstd, level 3: 230 MB of small intents become 24 MB in 0.6 s of the processor's time; gzip makes 28 MB of them, in 2.7 s.
 * The `zstd` tool reads it, and Node has it built in. Its own checksum is on: whoever unpacks by hand is told of damage too.
 */
const ZSTD = {
  params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 },
}

/**
 * Writes a backup under the name that was reserved in `directory`, and the checksum beside it. Neither has its name before it is whole and on disk; the checksum
 * has its own first, so that there is no backup without one.
 */
export async function pack(
  source: string,
  directory: string,
  { name, file }: Reserved,
  seal: Seal | null,
): Promise<{ bytes: number; sha256: string }> {
  const partial = join(directory, unfinished(name))
  try {
    const steps = seal === null ? [] : [await sealer(seal)]
    const packed = await throughTo(file, createReadStream(source, { highWaterMark: READ_BYTES }), [
      createZstdCompress(ZSTD),
      ...steps,
    ])
    settle(directory, name, partial, packed.sha256)
    return packed
  } catch (error) {
    await file.close()
    await rm(partial, { force: true })
    throw error
  }
}

/** Gives what is whole its name, its checksum first. */
export function settle(directory: string, name: string, partial: string, sha256: string): void {
  const checksum = unfinished(name + CHECKSUM)
  writeDurably(join(directory, name + CHECKSUM), checksumLine(sha256, name), join(directory, checksum))
  putInPlace(partial, join(directory, name))
}

/**
 * Unpacks a backup into `target`, and syncs it.
 *
 * @param opener `null`: it is not encrypted
 * @returns the checksum of the file as it lies there
 * @throws {BackupFault} it is cut off, changed, not a backup, or opens with something else; `no_room`: the disk is full
 */
export async function unpack(path: string, target: string, opener: Opener | null): Promise<string> {
  const digest = createHash('sha256')
  const steps = opener === null ? [] : [await unsealer(opener)]
  async function* seen(source: Bytes): Bytes {
    for await (const chunk of source) {
      digest.update(chunk)
      yield chunk
    }
  }
  try {
    await throughTo(await openNew(target), createReadStream(path, { highWaterMark: READ_BYTES }), [
      seen,
      ...steps,
      createZstdDecompress(),
    ])
  } catch (error) {
    await rm(target, { force: true })
    if (error instanceof BackupFault) throw error
    // It says nothing about the backup, and nobody should think the worse of it.
    if (['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      throw new BackupFault('no_room', `The disk is full: there is no room for ${target}.`)
    }
    throw new BackupFault(
      'failed',
      `${path} cannot be unpacked: it is cut off, damaged or no backup (${lineOf(error)}).`,
    )
  }
  return digest.digest('hex')
}

/** Opens a file that is made by this: what a kill has left there, and a link that somebody put there, is removed first. */
async function openNew(path: string): Promise<FileHandle> {
  await rm(path, { force: true })
  return open(path, 'wx', OWNER_ONLY)
}

/** Writes, syncs and closes. @returns what it wrote */
export async function throughTo(
  file: FileHandle,
  source: NodeJS.ReadableStream | Bytes,
  steps: readonly (NodeJS.ReadWriteStream | ((source: Bytes) => Bytes))[],
): Promise<{ bytes: number; sha256: string }> {
  const digest = createHash('sha256')
  let bytes = 0
  try {
    const write = async (chunks: Bytes) => {
      let unsynced = 0
      for await (const chunk of chunks) {
        digest.update(chunk)
        await file.writeFile(chunk)
        bytes += chunk.length
        unsynced += chunk.length
        if (unsynced < SYNC_EVERY) continue
        await file.datasync()
        unsynced = 0
      }
    }
    // Its types know no list of a length that is not known.
    await (pipeline as (stages: readonly unknown[]) => Promise<void>)([source, ...steps, write])
    await file.sync()
  } finally {
    await file.close()
  }
  return { bytes, sha256: digest.digest('hex') }
}
