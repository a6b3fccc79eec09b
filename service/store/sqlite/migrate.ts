import { readdirSync, readFileSync } from 'node:fs'
import type { Database } from 'better-sqlite3'
import { StoreOpenError } from '../open-error.ts'

/** "IBUS": says whose file this is, and `PRAGMA user_version` says how new. */
const APPLICATION_ID = 0x49425553

const FOLDER = new URL('./migrations/', import.meta.url)

type Migration = { version: number; sql: string }

/** Numbered SQL files, `001_name.sql` upward; each runs once, in order, in a transaction of its own. */
export function migrations(): Migration[] {
  return readdirSync(FOLDER)
    .filter(name => name.endsWith('.sql'))
    .sort()
    .map(name => ({ version: Number.parseInt(name, 10), sql: readFileSync(new URL(name, FOLDER), 'utf8') }))
}

/**
 * Brings the schema up to date. An older database is copied beside itself first, as `<file>.v<version>.bak`.
 *
 * @throws {StoreOpenError} when the file is another program's, or from a newer bus
 */
export function migrate(db: Database, say: (message: string) => void): void {
  const steps = migrations()
  const newest = steps.at(-1)!.version
  const version = db.pragma('user_version', { simple: true }) as number
  const owner = db.pragma('application_id', { simple: true }) as number
  const { tables } = db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as { tables: number }

  if (owner !== APPLICATION_ID && tables > 0) {
    throw new StoreOpenError(
      `${db.name} is a database, but not an Intent Bus one. Choose another file with BUS_DB_PATH.`,
    )
  }
  if (version > newest) {
    throw new StoreOpenError(
      `${db.name} was written by a newer bus (schema ${version}; this one knows ${newest}). Start that newer version, or restore a backup from before the upgrade.`,
    )
  }
  if (version === newest) return
  if (version > 0) {
    const copy = `${db.name}.v${version}.bak`
    db.prepare('VACUUM INTO ?').run(copy)
    say(`schema ${version} is older than ${newest}: kept a copy as ${copy}, migrating`)
  }
  for (const step of steps.filter(step => step.version > version)) {
    db.transaction(() => {
      db.exec(step.sql)
      db.pragma(`user_version = ${step.version}`)
      db.pragma(`application_id = ${APPLICATION_ID}`)
    }).immediate()
  }
}
