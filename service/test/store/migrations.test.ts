import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openWriting } from '../../store/sqlite/connection.ts'
import Sqlite, { type Database } from '../../store/sqlite/driver.ts'
import { migrate, migrations } from '../../store/sqlite/migrate.ts'

const NEWEST = migrations().at(-1)!.version
const NEXT = NEWEST + 1

let folder: string
let path: string
let steps: string
let said: string[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bus-migrations-'))
  path = join(folder, 'bus.db')
  steps = join(folder, 'migrations')
  cpSync(new URL('../../store/sqlite/migrations', import.meta.url), steps, { recursive: true })
  said = []
  open(db => db.exec("INSERT INTO key_values VALUES (0, 'colour', 'green', 1)"))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** What a later bus brings: one more file, numbered on. */
function next(sql: string, version = NEXT): void {
  writeFileSync(join(steps, `${String(version).padStart(3, '0')}_later.sql`), sql)
}

function open(use: (db: Database) => void): void {
  const db = openWriting(path, () => {})
  use(db)
  db.close()
}

/** The database as a later bus opens it. */
function upgrade(): void {
  const db = new Sqlite(path)
  try {
    migrate(db, line => said.push(line), pathToFileURL(`${steps}/`))
  } finally {
    db.close()
  }
}

const versionOf = (file: string) => reading(file, db => db.pragma('user_version', { simple: true }))

function reading<T>(file: string, read: (db: Database) => T): T {
  const db = new Sqlite(file, { readonly: true })
  try {
    return read(db)
  } finally {
    db.close()
  }
}

const colour = (file: string) =>
  reading(file, db => db.prepare("SELECT value FROM key_values WHERE key = 'colour'").pluck().get())

const backup = () => `${path}.v${NEWEST}.bak`
const left = () => readdirSync(folder).filter(name => name.startsWith('bus.db') && !/-(wal|shm)$/.test(name))

test('a database from a newer bus is refused, and stays as it is', () => {
  open(db => db.pragma(`user_version = ${NEXT}`))
  const before = readFileSync(path)
  expect(() => openWriting(path, () => {})).toThrow(
    `was written by a newer bus (schema ${NEXT}; this one knows ${NEWEST})`,
  )
  expect(readFileSync(path).equals(before)).toBe(true)
  expect(left()).toEqual(['bus.db'])
})

test('a database of this version is opened, and not copied', () => {
  upgrade()
  expect(said).toEqual([])
  expect(left()).toEqual(['bus.db'])
})

test('an older one is copied beside itself, then migrated', () => {
  next("UPDATE key_values SET value = 'blue'")
  upgrade()
  expect([versionOf(path), colour(path)]).toEqual([NEXT, 'blue'])
  expect([versionOf(backup()), colour(backup())]).toEqual([NEWEST, 'green'])
  expect(said.join()).toContain(backup())
})

test('two steps are one: the copy is of the version before both', () => {
  next("UPDATE key_values SET value = 'blue'")
  next("UPDATE key_values SET value = value || 'ish'", NEXT + 1)
  upgrade()
  expect([versionOf(path), colour(path)]).toEqual([NEXT + 1, 'blueish'])
  expect(left()).toEqual(['bus.db', `bus.db.v${NEWEST}.bak`])
})

test('the copy is a whole bus that opens, and nobody else may read it', () => {
  next('CREATE TABLE later (x) STRICT;'.replace('(x)', '(x TEXT)'))
  chmodSync(path, 0o644)
  const umask = process.umask(0)
  try {
    upgrade()
  } finally {
    process.umask(umask)
  }
  expect(statSync(backup()).mode & 0o777).toBe(0o600)
  expect(reading(backup(), db => db.pragma('integrity_check', { simple: true }))).toBe('ok')
  expect(reading(backup(), schema)).toEqual(reading(fresh(), schema))
  const restored = openWriting(backup(), () => {})
  restored.close()
  expect(colour(backup())).toBe('green')
})

const schema = (db: Database) => db.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all()

function fresh(): string {
  const made = join(folder, 'fresh.db')
  openWriting(made, () => {}).close()
  return made
}

test.each([
  ['the only step', [['UPDATE key_values SET value = 1; SELECT no_such_function()']]],
  ['the second of two', [["UPDATE key_values SET value = 'blue'"], ['INSERT INTO no_such_table VALUES (1)']]],
])('when %s fails, the database is as it was, and its old bus opens it', (_what, bodies) => {
  for (const [i, [sql]] of bodies.entries()) next(sql!, NEXT + i)
  expect(upgrade).toThrow(/cannot be migrated from schema \d+ to \d+ \(SQLITE_ERROR: no such .*left as it is/)
  expect([versionOf(path), colour(path)]).toEqual([NEWEST, 'green'])
  open(db => expect(db.pragma('integrity_check', { simple: true })).toBe('ok'))
})

test('after a failed step the next try works, and copies what is there then', () => {
  next('INSERT INTO no_such_table VALUES (1)')
  expect(upgrade).toThrow()
  open(db => db.exec("UPDATE key_values SET value = 'red'"))
  next("UPDATE key_values SET value = 'blue'")
  upgrade()
  expect([colour(path), colour(backup())]).toEqual(['blue', 'red'])
})

test.each([
  ['half a copy', (name: string) => writeFileSync(name, readFileSync(path).subarray(0, 5000))],
  ['an empty one', (name: string) => writeFileSync(name, '')],
])(
  '%s that an interrupted try left behind neither stops the next one nor passes for a backup',
  (_what, leave) => {
    next("UPDATE key_values SET value = 'blue'")
    leave(`${backup()}.tmp`)
    upgrade()
    expect(colour(backup())).toBe('green')
    expect(left()).toEqual(['bus.db', `bus.db.v${NEWEST}.bak`])
  },
)

test('without a copy there is no migration', () => {
  next("UPDATE key_values SET value = 'blue'")
  mkdirSync(backup())
  expect(upgrade).toThrow(/cannot be backed up as .*\.bak \(E[A-Z]+: /)
  expect([versionOf(path), colour(path)]).toEqual([NEWEST, 'green'])
  expect(existsSync(`${backup()}.tmp`)).toBe(false)
})
