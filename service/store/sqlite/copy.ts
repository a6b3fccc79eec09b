import { closeSync, openSync, rmSync } from 'node:fs'
import { StoreOpenError } from '../open-error.ts'
import type { KeyRecord } from '../records.ts'
import { opening } from './connection.ts'
import Sqlite, { type Database } from './driver.ts'
import { type KeyRow, keyOf } from './key-rows.ts'
import { refuseDamagedLog } from './log/refuse.ts'
import { newestSchema, refuseForeign } from './migrate.ts'
import { refuseChangedSchema } from './schema-check.ts'

/** What is inside a database, as counted, not as it is kept. */
export type Contents = {
  schema: number
  intents: { open: number; claimed: number; fulfilled: number; dead: number }
  apiKeys: number
  values: number
  /** Bus ms at which the newest intent was published; `null`: there is none. */
  newestIntentAt: number | null
  /** Wall ms just before the copy was begun; `null`: this was not made by `copyInto`. */
  copiedAt: number | null
}

/** A file of the data directory that travels inside a copy. */
export type KeptFile = { name: string; text: string }

/** For the check: what SQLite may keep in memory, in KiB. */
const CACHE_KIB = 16_384

/**
 * Copies what is committed, as of one moment, into a new file. Any number of connections may go on reading and writing:
 * what was committed before this was called is in the copy, and the write-ahead log keeps the rest until it is done.
 * The copy is not synced: it is there to be read again and packed. Synchronous: it is for a thread of its own.
 *
 * Measured with 970,000 intents (230 MB) and a publish every 1.3 ms, on 2 cores that others used as well: the copy took 0.6 to
 * 1.6 s, and the longest publish meanwhile 7 to 133 ms, anywhere in it (before it 10 to 154: the others). With the sync that
 * SQLite does by itself it was 140 to 165 ms, in each run at the end, when 230 MB at once stand before the log's next sync.
 * `.backup()` in the writer's thread does the same sync between two commits: 158 to 188 ms, in each run.
 *
 * @param at wall ms, kept inside
 * @param keep files that the copy is to carry. Whoever has the copy has them
 */
export function copyInto(source: string, target: string, at: number, keep: readonly KeptFile[] = []): void {
  for (const left of [target, `${target}-journal`]) rmSync(left, { force: true })
  // SQLite takes an empty file; made here, it is no link to another one, and its owner's alone from the first byte.
  closeSync(openSync(target, 'wx', 0o600))
  const from = new Sqlite(source, { readonly: true, fileMustExist: true, timeout: 5000 })
  try {
    // SQLite syncs the target as it would sync the source.
    from.pragma('synchronous = OFF')
    from.prepare('VACUUM INTO ?').run(target)
  } finally {
    from.close()
  }
  const copy = unsynced(target)
  try {
    copy.prepare(`INSERT OR REPLACE INTO meta (name, value) VALUES ('copied_at', ?)`).run(at)
    if (keep.length === 0) return
    copy.exec(`CREATE TABLE kept_files (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT`)
    const insert = copy.prepare('INSERT INTO kept_files VALUES (?, ?)')
    for (const { name, text } of keep) insert.run(name, text)
  } finally {
    copy.close()
  }
}

/**
 * Reads all of a copy: its b-trees, its counts against the tallies that each commit kept.
 *
 * @throws {StoreOpenError} when it is not whole, not a bus's, of a schema that this bus does not know, or somebody changed it
 */
export function examine(path: string): Contents {
  return opening(path, () => {
    const db = new Sqlite(path, { readonly: true, fileMustExist: true })
    try {
      refuseForeign(db)
      db.pragma(`cache_size = -${CACHE_KIB}`)
      const schema = db.pragma('user_version', { simple: true }) as number
      if (schema === 0) throw new StoreOpenError(`${path} is an empty database: there is no bus in it.`)
      const newest = newestSchema()
      if (schema > newest) {
        throw new StoreOpenError(
          `${path} was written by a newer bus (schema ${schema}; this one knows ${newest}): restore it with that version.`,
        )
      }
      // Before anything is read: a view could stand in the place of a table.
      refuseChangedSchema(db)
      const fault = db.pragma('integrity_check(1)', { simple: true })
      if (fault !== 'ok') throw new StoreOpenError(`${path} is damaged: ${fault}.`)
      return counted(db, schema)
    } finally {
      db.close()
    }
  })
}

const COUNTS = `
  SELECT count(*) FILTER (WHERE state IN (0, 1)) AS open, count(*) FILTER (WHERE state = 2) AS claimed,
         count(*) FILTER (WHERE state = 3) AS fulfilled, count(*) FILTER (WHERE state = 4) AS dead
  FROM intents`
const TALLIES = `
  SELECT coalesce(sum(open), 0) AS open, coalesce(sum(claimed), 0) AS claimed,
         coalesce(sum(fulfilled), 0) AS fulfilled, coalesce(sum(dead), 0) AS dead
  FROM lanes`
const OTHERS = `
  SELECT (SELECT count(*) FROM payloads) AS payloads, (SELECT count(*) FROM dead_letters) AS letters,
         (SELECT count(*) FROM api_keys) AS apiKeys, (SELECT count(*) FROM key_values) AS "values",
         (SELECT created_at FROM intents ORDER BY n DESC LIMIT 1) AS newestIntentAt,
         (SELECT value FROM meta WHERE name = 'copied_at') AS copiedAt`

type Counts = Contents['intents']
type Others = Pick<Contents, 'apiKeys' | 'values' | 'newestIntentAt' | 'copiedAt'> & {
  payloads: number
  letters: number
}

function counted(db: Database, schema: number): Contents {
  const intents = db.prepare(COUNTS).get() as Counts
  const tallies = db.prepare(TALLIES).get() as Counts
  const { payloads, letters, ...rest } = db.prepare(OTHERS).get() as Others
  const differ = (Object.keys(intents) as (keyof Counts)[]).find(state => intents[state] !== tallies[state])
  const all = intents.open + intents.claimed + intents.fulfilled + intents.dead
  const fault =
    differ !== undefined
      ? `${intents[differ]} intents are ${differ}, and ${tallies[differ]} should be`
      : payloads !== all
        ? `${all} intents have ${payloads} payloads`
        : letters !== intents.dead
          ? `${intents.dead} dead intents have ${letters} dead letters`
          : null
  if (fault !== null) throw new StoreOpenError(`${db.name} is not whole: ${fault}.`)
  return { schema, intents, ...rest }
}

/** Takes the files out that a copy carries: a bus must not hold the key of its own vault. */
export function takeKeptFiles(path: string): KeptFile[] {
  const db = unsynced(path)
  try {
    const { found } = db
      .prepare(`SELECT count(*) AS found FROM sqlite_schema WHERE name = 'kept_files'`)
      .get() as { found: number }
    if (found === 0) return []
    const files = db.prepare('SELECT name, text FROM kept_files ORDER BY name').all() as KeptFile[]
    db.pragma('secure_delete = ON')
    db.exec('DROP TABLE kept_files')
    return files
  } finally {
    db.close()
  }
}

/** The API keys inside, as they are sealed. A schema that knows no identity has each key as its own. */
export function readSealedKeys(path: string): KeyRecord[] {
  const db = new Sqlite(path, { readonly: true, fileMustExist: true })
  try {
    return (db.prepare('SELECT * FROM api_keys').all() as KeyRow[]).map(keyOf)
  } finally {
    db.close()
  }
}

/** Whether there is anything in it that would be missed. A file that cannot be read counts. */
export function holdsAnything(path: string): boolean {
  try {
    refuseDamagedLog(path)
    const db = new Sqlite(path, { readonly: true, fileMustExist: true })
    try {
      const { tables } = db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as {
        tables: number
      }
      if (tables === 0) return false
      const { rows } = db
        .prepare(
          'SELECT EXISTS (SELECT 1 FROM intents) + EXISTS (SELECT 1 FROM api_keys) + EXISTS (SELECT 1 FROM key_values) AS rows',
        )
        .get() as { rows: number }
      return rows > 0
    } finally {
      db.close()
    }
  } catch {
    return true
  }
}

/**
 * Puts what is in the write-ahead log into the database itself, so that it is one file.
 *
 * @throws {StoreOpenError} when the log is damaged
 */
export function foldLog(path: string): void {
  refuseDamagedLog(path)
  const db = new Sqlite(path, { fileMustExist: true, timeout: 5000 })
  try {
    db.pragma('wal_checkpoint(TRUNCATE)')
  } finally {
    db.close()
  }
}

function unsynced(path: string): Database {
  const db = new Sqlite(path, { fileMustExist: true })
  db.pragma('synchronous = OFF')
  db.pragma('journal_mode = MEMORY')
  return db
}
