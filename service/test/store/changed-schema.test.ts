/** Somebody can write to the database, or to a backup that is not encrypted, and leaves more in it than rows. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import BetterSqlite from 'better-sqlite3'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { makeBackup } from '../../backup/make.ts'
import { restore } from '../../backup/restore.ts'
import { openReading, openWriting } from '../../store/sqlite/connection.ts'
import Sqlite, { type Database } from '../../store/sqlite/driver.ts'
import { BusProcess } from '../support/bus-process.ts'

const OLDER = readFileSync(new URL('./schema-1.sql', import.meta.url), 'utf8')

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bus-changed-'))
  path = join(folder, 'bus.db')
  onTestFinished(() => rmSync(folder, { recursive: true }))
})

/** A database of this version with that done to it. */
function changed(sql: string): void {
  openWriting(path, () => {}).close()
  const db = new Sqlite(path)
  db.exec(sql)
  db.pragma('journal_mode = DELETE')
  db.close()
}

const start = () => openWriting(path, () => {}).close()
const refused = (what: string) =>
  `has the ${what} that is not of this bus: somebody has changed the database. What to do: docs/operations/changed-schema.md.`

const NEW_KEY = `CREATE TRIGGER new_key AFTER INSERT ON intents
  BEGIN INSERT INTO api_keys (hash, sealed, prefix, owner, created_at) VALUES (x'00', x'00', '', 'eve', 0); END`

const ATTACKS: [what: string, sql: string, named: string][] = [
  ['a trigger that adds a key', NEW_KEY, 'trigger "new_key" on the table "intents"'],
  [
    'a trigger that deletes intents',
    'CREATE TRIGGER gone AFTER UPDATE ON lanes BEGIN DELETE FROM intents WHERE lane = NEW.id; END',
    'trigger "gone" on the table "lanes"',
  ],
  [
    'a trigger of the bus that lets all through',
    `DROP TRIGGER audit_is_not_cut;
     CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit WHEN 0 BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END`,
    'trigger "audit_is_not_cut" on the table "audit"',
  ],
  [
    'a trigger with the name of a table',
    'CREATE TRIGGER lanes AFTER INSERT ON nonces BEGIN DELETE FROM intents; END',
    'trigger "lanes" on the table "nonces"',
  ],
  [
    'a trigger whose text differs in a string alone',
    `DROP TRIGGER audit_is_not_cut;
     CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit WHEN OLD.credential IS NOT 'api_key -- '
     BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END`,
    'trigger "audit_is_not_cut" on the table "audit"',
  ],
  ['a view', 'CREATE VIEW pending AS SELECT * FROM intents', 'view "pending"'],
  [
    'a view in the place of a table',
    'ALTER TABLE results RENAME TO hidden; CREATE VIEW results AS SELECT n, is_text, text FROM hidden',
    'view "results"',
  ],
  ['a column of its own in a table', 'ALTER TABLE intents ADD COLUMN extra TEXT', 'table "intents"'],
  [
    'a table that refuses rows',
    `DROP TABLE value_bytes;
     CREATE TABLE value_bytes (key_id INTEGER PRIMARY KEY, bytes INTEGER NOT NULL CHECK (bytes < 10)) STRICT`,
    'table "value_bytes"',
  ],
  [
    'a table that drops rows, by its name in capitals',
    `DROP TABLE value_bytes;
     CREATE TABLE VALUE_BYTES (key_id INTEGER PRIMARY KEY ON CONFLICT IGNORE, bytes INTEGER NOT NULL) STRICT`,
    'table "VALUE_BYTES"',
  ],
  [
    'an index of the bus on other columns',
    'DROP INDEX intents_agenda; CREATE INDEX intents_agenda ON intents (state)',
    'index "intents_agenda" on the table "intents"',
  ],
  [
    'an index that refuses rows',
    'CREATE UNIQUE INDEX one ON intents (lane)',
    'index "one" on the table "intents"',
  ],
  [
    'an index that computes something',
    'CREATE INDEX long ON intents (hex(zeroblob(n)))',
    'index "long" on the table "intents"',
  ],
  [
    'an index with a condition',
    'CREATE INDEX some ON intents (lane) WHERE hex(zeroblob(n)) IS NULL',
    'index "some" on the table "intents"',
  ],
]

describe.each(ATTACKS)('%s', (_what, sql, named) => {
  test('keeps the bus from starting, and the database stays as it is', () => {
    changed(sql)
    const before = readFileSync(path)
    expect(start).toThrow(`${path} ${refused(named)}`)
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test('keeps a backup from being made', async () => {
    changed(sql)
    const made = { directory: join(folder, 'kept'), at: 0, seal: null, keep: [], leaveBytes: 0 }
    await expect(makeBackup({ source: path, ...made })).rejects.toThrow(refused(named))
  })
})

test('a backup to which a trigger was added is not restored', async () => {
  openWriting(path, () => {}).close()
  const directory = join(folder, 'kept')
  const { name } = await makeBackup({ source: path, directory, at: 0, seal: null, keep: [], leaveBytes: 0 })
  const backup = join(directory, name)
  const plain = zstdDecompressSync(readFileSync(backup))
  const unpacked = join(folder, 'unpacked.db')
  writeFileSync(unpacked, plain)
  new Sqlite(unpacked).exec(NEW_KEY).close()
  writeFileSync(backup, zstdCompressSync(readFileSync(unpacked)))
  rmSync(`${backup}.sha256`)
  const database = join(folder, 'new/bus.db')
  const keyFile = join(folder, 'new/bus.key')
  await expect(restore({ file: backup, database, keyFile, opener: null, force: false })).rejects.toThrow(
    refused('trigger "new_key" on the table "intents"'),
  )
  expect(existsSync(database)).toBe(false)
})

test('the line of the start names it', async () => {
  changed(NEW_KEY)
  const bus = new BusProcess(folder, { PORT: '0', BUS_DB_PATH: path })
  onTestFinished(() => bus.kill())
  expect(await bus.refused()).toEqual({ code: 1, signal: null })
  expect(bus.err).toBe(`intent-bus: ${path} ${refused('trigger "new_key" on the table "intents"')}\n`)
})

test('what hangs on an older database does not run when that is migrated', () => {
  new Sqlite(path)
    .exec(OLDER)
    .exec('CREATE TRIGGER gone AFTER UPDATE ON lanes BEGIN DELETE FROM intents; END')
    .close()
  expect(start).toThrow(refused('trigger "gone" on the table "lanes"'))
  const db = new Sqlite(path)
  expect(db.pragma('user_version', { simple: true })).toBe(1)
  expect(db.prepare('SELECT count(*) FROM intents').pluck().get()).toBe(5)
  db.close()
})

/** As a later version of SQLite or of the bus might write it. */
function rewrite(db: Database, change: (sql: string) => string): void {
  db.unsafeMode(true)
  db.pragma('writable_schema = ON')
  const put = db.prepare('UPDATE sqlite_schema SET sql = ? WHERE name = ?')
  const tables = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").all()
  for (const { name, sql } of tables as { name: string; sql: string }[]) put.run(change(sql), name)
}

const ALLOWED: [string, (db: Database) => void][] = [
  [
    'a table of an operator, with any index',
    db => db.exec('CREATE TABLE notes (text); CREATE UNIQUE INDEX by_text ON notes (lower(text))'),
  ],
  ['a plain index of an operator', db => db.exec('CREATE INDEX by_worker ON intents (worker_id)')],
  ['what ANALYZE writes', db => db.exec("INSERT INTO key_values VALUES (0, 'a', 'b', 1); ANALYZE")],
  ['no trigger where an early bus made none', db => db.exec('DROP TRIGGER audit_is_not_replaced')],
  [
    'other spaces and comments',
    db => rewrite(db, sql => sql.replace(/--.*\n/g, '/* another */\n').replaceAll(/ +/g, '   ')),
  ],
]

test.each(ALLOWED)('a bus starts with %s', (_what, change) => {
  openWriting(path, () => {}).close()
  const db = new BetterSqlite(path)
  change(db)
  db.close()
  start()
})

test('the schema may call nothing that has effects elsewhere', () => {
  const db = openWriting(path, () => {})
  const reading = openReading(path)
  for (const each of [db, reading]) expect(each.pragma('trusted_schema', { simple: true })).toBe(0)
  reading.close()
  db.close()
})
