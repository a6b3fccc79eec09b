import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import type { Database } from 'better-sqlite3'
import { putInPlace } from '../../files/durable.ts'
import { StoreOpenError } from '../open-error.ts'

/** "IBUS": says whose file this is, and `PRAGMA user_version` says how new. */
const APPLICATION_ID = 0x49425553

const FOLDER = new URL('./migrations/', import.meta.url)

type Migration = { version: number; sql: string }

/** Numbered SQL files, `001_name.sql` upward; each runs once, in order. */
export function migrations(folder = FOLDER): Migration[] {
  return readdirSync(folder)
    .filter(name => name.endsWith('.sql'))
    .sort()
    .map(name => ({ version: Number.parseInt(name, 10), sql: readFileSync(new URL(name, folder), 'utf8') }))
}

/** The schema that this bus writes. */
export const newestSchema = (): number => migrations().at(-1)!.version

/** @throws {StoreOpenError} when the file is another program's; nothing has been written then */
export function refuseForeign(db: Database): void {
  const owner = db.pragma('application_id', { simple: true }) as number
  const { tables } = db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as { tables: number }
  if (owner === APPLICATION_ID || tables === 0) return
  throw new StoreOpenError(
    `${db.name} is a database, but not an Intent Bus one. Choose another file with BUS_DB_PATH.`,
  )
}

/**
 * Brings the schema up to date, in one transaction: a database is never left between two versions. An older one is
 * copied beside itself first, as `<file>.v<version>.bak`.
 *
 * @throws {StoreOpenError} when the file is another program's, or from a newer bus, or cannot be migrated
 */
export function migrate(db: Database, say: (message: string) => void, folder = FOLDER): void {
  refuseForeign(db)
  const steps = migrations(folder)
  const newest = steps.at(-1)!.version
  const version = db.pragma('user_version', { simple: true }) as number
  if (version > newest) {
    throw new StoreOpenError(
      `${db.name} was written by a newer bus (schema ${version}; this one knows ${newest}). Start that newer version, or restore a backup from before the upgrade.`,
    )
  }
  if (version === newest) return
  if (version > 0) {
    const copy = `${db.name}.v${version}.bak`
    step(db, `backed up as ${copy}`, () => keepCopy(db, copy))
    say(`schema ${version} is older than ${newest}: kept a copy as ${copy}, migrating`)
  }
  const pending = steps.filter(each => each.version > version)
  step(db, `migrated from schema ${version} to ${newest}`, () =>
    db.transaction(() => run(db, pending)).immediate(),
  )
}

/** What a database of that version has in it, made in an empty one. */
export function makeSchema(db: Database, version: number): void {
  run(
    db,
    migrations().filter(each => each.version <= version),
  )
}

function run(db: Database, pending: Migration[]): void {
  for (const { version, sql } of pending) {
    db.exec(sql)
    db.pragma(`user_version = ${version}`)
  }
  db.pragma(`application_id = ${APPLICATION_ID}`)
}

function step(db: Database, what: string, work: () => void): void {
  try {
    work()
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    throw new StoreOpenError(
      `${db.name} cannot be ${what} (${code}: ${message}). It was left as it is; the version that wrote it still opens it.`,
    )
  }
}

/**
 * Under its own name only once it is whole and on disk: SQLite neither syncs the target nor overwrites one, so what an
 * interrupted try left must not be taken for a backup, nor stop the next try.
 */
function keepCopy(db: Database, copy: string): void {
  const unfinished = `${copy}.tmp`
  for (const left of [unfinished, `${unfinished}-journal`]) rmSync(left, { force: true })
  try {
    // SQLite takes an empty file; made here, it is its owner's alone from the first byte.
    const file = openSync(unfinished, 'wx', 0o600)
    try {
      db.prepare('VACUUM INTO ?').run(unfinished)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    putInPlace(unfinished, copy)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  }
}
