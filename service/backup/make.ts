import { mkdirSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { ownerAround, ownerOfFolder } from '../files/owner.ts'
import { type Contents, copyInto, examine, type KeptFile } from '../store/sqlite/copy.ts'
import { BackupFault, lineOf } from './fault.ts'
import { copyPath, removeLeftCopy } from './left-copy.ts'
import { nameOf } from './names.ts'
import { pack } from './pack.ts'
import type { Seal } from './seal.ts'
import { reserve } from './shelf.ts'

export type Job = {
  /** The database's file. */
  source: string
  /** Where it goes; made when it is not there. */
  directory: string
  /** Wall ms, for its name. */
  at: number
  /** `null`: not encrypted. */
  seal: Seal | null
  /** Files that travel inside. Only with a seal. */
  keep: readonly KeptFile[]
  /** What must be left free on either disk, in bytes. */
  leaveBytes: number
}

export type Made = {
  name: string
  bytes: number
  sha256: string
  encrypted: boolean
  /** Wall ms. What was acknowledged before is in it. */
  at: number
  durationMs: number
  contents: Contents
}

/**
 * Copies, checks the copy, packs it. The database may be in use meanwhile.
 *
 * @throws {BackupFault} `no_room`
 * @throws {StoreOpenError} the copy is not whole, so the database is not
 */
export async function makeBackup({ source, directory, at, seal, keep, leaveBytes }: Job): Promise<Made> {
  if (keep.length > 0 && seal === null)
    throw new BackupFault('failed', 'Secrets go into encrypted backups only.')
  const startedAt = performance.now()
  makeFolder(directory)
  findRoom(source, directory, leaveBytes)
  const copy = copyPath(source)
  try {
    copyInto(source, copy, at, keep)
    const contents = examine(copy)
    const name = nameOf({ at, again: 0, encrypted: seal !== null })
    const reserved = await reserve(directory, name, null).catch(error => {
      throw new BackupFault(
        'failed',
        `${directory} cannot be written to: ${lineOf(error)}.${ownerOfFolder(directory)}`,
      )
    })
    const packed = await pack(copy, directory, reserved, seal)
    return {
      name: reserved.name,
      ...packed,
      encrypted: seal !== null,
      at,
      durationMs: performance.now() - startedAt,
      contents,
    }
  } finally {
    removeLeftCopy(source)
  }
}

function makeFolder(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new BackupFault(
      'failed',
      `${directory} cannot be made: ${(error as Error).message}.${ownerAround(directory)}`,
    )
  }
}

/** The copy is never larger than the database and its log. Packed it is a fifth, as a rule; a half is asked for. */
function findRoom(source: string, directory: string, leaveBytes: number): void {
  const size = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0
  const copied = size(source) + size(`${source}-wal`)
  const packed = copied / 2
  const together = statSync(dirname(source)).dev === statSync(directory).dev
  for (const [place, needed] of together
    ? [[directory, copied + packed] as const]
    : [[dirname(source), copied] as const, [directory, packed] as const]) {
    const { bavail, bsize } = statfsSync(place)
    const free = bavail * bsize
    if (free >= needed + leaveBytes) continue
    throw new BackupFault(
      'no_room',
      `A backup takes ${mb(needed)} in ${place} for a while, and ${mb(leaveBytes)} must stay free; there are ${mb(free)}.`,
    )
  }
}

const mb = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`
