import { existsSync, linkSync, mkdirSync, renameSync, rmdirSync, rmSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { syncFolder } from '../files/durable.ts'
import { SECRETS_FILE } from '../secrets/first-start.ts'
import { readPrivateFile, writePrivateFile } from '../secrets/private-file.ts'
import { type NumberedKey, vaultOpens } from '../secrets/sealing-key.ts'
import { PlantedKeyError } from '../secrets/secrets-error.ts'
import {
  type Contents,
  examine,
  foldLog,
  holdsAnything,
  type KeptFile,
  readSealedKeys,
  takeKeptFiles,
} from '../store/sqlite/copy.ts'
import { clearMarker } from '../store/sqlite/damage/marker.ts'
import { takeOwnership } from '../store/sqlite/ownership.ts'
import { realFile } from '../store/sqlite/real-file.ts'
import { endSwitch, incoming, markSwitch, undoSwitch } from '../store/sqlite/switching.ts'
import { BackupFault } from './fault.ts'
import { partsOf } from './names.ts'
import { unpack } from './pack.ts'
import type { Opener } from './seal.ts'
import { checksumBeside } from './shelf.ts'

/** What may travel inside. */
const TRAVELLING = [SECRETS_FILE, 'bus.key']

export type RestoreJob = {
  /** The backup. */
  file: string
  /** The database that is to be. */
  database: string
  /** Where its sealing key is, or goes. */
  keyFile: string
  /** `null`: it is not encrypted. */
  opener: Opener | null
  /** A bus that holds something may be moved aside. */
  force: boolean
}

export type Restored = {
  database: string
  contents: Contents
  /** Wall ms: what was acknowledged before is there. `null`: nobody kept it. */
  moment: number | null
  /** Whether a checksum lay beside it, which it has. */
  checksum: 'right' | 'missing'
  /** Where the old database is now; `null`: there was none. */
  movedTo: string | null
  /** Files that travelled inside, and where they are now; those that were there already stayed. */
  files: { path: string; state: 'written' | 'kept' | 'the same' }[]
  /** Whether `bus.key` opens the API keys inside; `null`: there are none. */
  sealingKey: 'right' | 'wrong' | 'missing' | null
}

/**
 * Puts a backup in the place of a bus. Everything is verified before anything is changed; the old database is moved
 * aside whole, not deleted; a power cut leaves the old one or the new one.
 *
 * @param now wall ms, for the name of what is moved aside
 * @throws {StoreOpenError} a bus runs there, or the backup is not whole
 * @throws {BackupFault} it cannot be unpacked, its checksum is wrong, or it would overwrite
 */
export async function restore(job: RestoreJob, now = Date.now()): Promise<Restored> {
  const named = resolve(job.database)
  // A link stays one: what it leads to is moved aside, and replaced on its own disk.
  const database = realFile(named)
  const file = resolve(job.file)
  if (!existsSync(file)) throw new BackupFault('failed', `${job.file} is not there.`)
  checkOpener(job)
  const madeFolder = mkdirSync(dirname(database), { recursive: true, mode: 0o700 })
  const letGo = takeOwnership(database, { otherwise: 'restore into a directory of its own with --data' })
  const unpacked = incoming(database)
  try {
    undoSwitch(database)
    refuseToOverwrite(database, job.force)
    const checksum = await unpackChecked(file, unpacked, job.opener)
    const contents = examine(unpacked)
    const files = takeKeptFiles(unpacked)
    refusePlanted(files, job)
    const keys = readSealedKeys(unpacked)
    refusePlantedKeys(keys, files, job)
    await sync(unpacked)

    // Before the database is switched: one without its secrets would be in nobody's hands.
    const placed = placeAll(files, job, dirname(database))
    const movedTo = await switched(unpacked, database, now).catch(error => {
      takeBack(placed)
      undoSwitch(database)
      throw error
    })
    return {
      database,
      contents,
      moment: contents.copiedAt ?? partsOf(basename(file))?.at ?? null,
      checksum,
      movedTo,
      files: placed,
      sealingKey: keys.length === 0 ? null : stateOfKey(job.keyFile, keys),
    }
  } finally {
    for (const end of ['', '-journal']) rmSync(unpacked + end, { force: true })
    letGo()
    if (madeFolder !== undefined && !existsSync(database)) removeFolders(madeFolder, database)
  }
}

/** Those that were made for nothing, the inmost first; what somebody else has put there stays. */
function removeFolders(outermost: string, database: string): void {
  rmSync(`${database}.lock`, { force: true })
  try {
    for (let folder = dirname(database); folder.startsWith(outermost); folder = dirname(folder))
      rmdirSync(folder)
  } catch {
    // Not empty, or gone.
  }
}

function checkOpener({ file, opener }: RestoreJob): void {
  const encrypted = partsOf(basename(file))?.encrypted ?? file.endsWith('.age')
  if (encrypted && opener === null) {
    throw new BackupFault(
      'failed',
      `${file} is encrypted: it takes the file with its identity (--identity FILE), or with its passphrase (--passphrase-file FILE).`,
    )
  }
  if (!encrypted && opener !== null) {
    throw new BackupFault(
      'failed',
      `${file} is not encrypted (its name does not end in .age): leave the identity or passphrase out.`,
    )
  }
}

function refuseToOverwrite(database: string, force: boolean): void {
  if (force || !existsSync(database) || !holdsAnything(database)) return
  throw new BackupFault(
    'failed',
    `${database} is not empty. With --force it is moved aside (not deleted), and the backup takes its place.`,
  )
}

/** Whoever can write to a disk with backups that are not sealed must not hand a new bus its secrets, or any other file. */
function refusePlanted(files: readonly KeptFile[], { file, opener }: RestoreJob): void {
  const planted = files.find(({ name }) => opener === null || !TRAVELLING.includes(name))
  if (planted === undefined) return
  throw new BackupFault(
    'failed',
    `${file} carries a file ${JSON.stringify(planted.name)}, which no bus puts into ${opener === null ? 'a backup that is not encrypted' : 'its backups'}: somebody has changed it.`,
  )
}

async function unpackChecked(
  file: string,
  target: string,
  opener: Opener | null,
): Promise<Restored['checksum']> {
  const expected = checksumBeside(dirname(file), basename(file))
  const found = await unpack(file, target, opener)
  if (expected === null) return 'missing'
  if (found === expected) return 'right'
  throw new BackupFault(
    'failed',
    `${file} is not what it was: its checksum is ${found}, and ${expected} stands beside it.`,
  )
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/**
 * A log that belongs to another database would be read into this one: it goes with its own, and before it. The database
 * gets a second name, so that there is one under the first all the time.
 */
function moveAside(database: string, now: number): string | null {
  if (!existsSync(database)) return null
  try {
    foldLog(database)
  } catch {
    // A damaged one goes as it is.
  }
  const stamp = `${new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
  let aside = `${database}.before-restore-${stamp}`
  for (let again = 1; existsSync(aside); again++) aside = `${database}.before-restore-${stamp}-${again}`
  markSwitch(database, aside)
  rmSync(`${database}-shm`, { force: true })
  if (existsSync(`${database}-wal`)) renameSync(`${database}-wal`, `${aside}-wal`)
  try {
    linkSync(database, aside)
  } catch {
    // Android allows no second names.
    renameSync(database, aside)
  }
  return aside
}

/** The restored database takes the place of the old one. @returns where that is now */
async function switched(unpacked: string, database: string, now: number): Promise<string | null> {
  const movedTo = moveAside(database, now)
  await rename(unpacked, database)
  // What was damaged has been moved aside.
  clearMarker(database)
  syncFolder(dirname(database))
  endSwitch(database)
  return movedTo
}

/** All of them, or none. @throws {SecretsError} */
function placeAll(files: readonly KeptFile[], job: RestoreJob, folder: string): Restored['files'] {
  const placed: Restored['files'] = []
  try {
    for (const file of files) placed.push(place(file, job, folder))
    return placed
  } catch (error) {
    takeBack(placed)
    throw error
  }
}

/** What was not there before goes again. */
function takeBack(placed: Restored['files']): void {
  for (const { path, state } of placed) if (state === 'written') rmSync(path, { force: true })
}

function place({ name, text }: KeptFile, { keyFile }: RestoreJob, folder: string): Restored['files'][number] {
  const path = name === 'bus.key' ? keyFile : join(folder, basename(name))
  const there = readPrivateFile(path, () => {})
  if (there === text) return { path, state: 'the same' }
  if (there !== undefined) return { path, state: 'kept' }
  writePrivateFile(path, text, 'make its directory writable.')
  return { path, state: 'written' }
}

/** Before anything is changed, where the sealing key is at hand; else the start does it. @throws {PlantedKeyError} */
function refusePlantedKeys(
  keys: readonly NumberedKey[],
  files: readonly KeptFile[],
  { keyFile }: RestoreJob,
): void {
  const text = readPrivateFile(keyFile, () => {}) ?? files.find(({ name }) => name === 'bus.key')?.text
  if (text === undefined || keys.length === 0) return
  try {
    vaultOpens(text, keyFile, keys)
  } catch (error) {
    if (error instanceof PlantedKeyError) throw error
    // That it is no key is told with the rest.
  }
}

function stateOfKey(keyFile: string, keys: readonly NumberedKey[]): 'right' | 'wrong' | 'missing' {
  const text = readPrivateFile(keyFile, () => {})
  if (text === undefined) return 'missing'
  try {
    return vaultOpens(text, keyFile, keys) ? 'right' : 'wrong'
  } catch {
    // It is no key at all.
    return 'wrong'
  }
}
