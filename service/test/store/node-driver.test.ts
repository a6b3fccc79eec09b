/** The SQLite inside of Node, where it could differ from the driver that everything else is tested with. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { NodeSqlite } from '../../store/sqlite/node-driver.ts'
import { root } from '../support/root.ts'

const Node = NodeSqlite as unknown as typeof BetterSqlite

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), 'node-driver-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'bus.db')
}

/** What both say to the same. */
function both<T>(look: (Sqlite: typeof BetterSqlite, path: string) => T): T {
  const said = look(Node, place())
  expect(said).toEqual(look(BetterSqlite, place()))
  return said
}

/** @returns the code of the error that it ends with */
function codeOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    expect(error).toBeInstanceOf(BetterSqlite.SqliteError)
    return (error as { code: string }).code
  }
  throw new Error('it did not fail')
}

test('numbers are bound alike, bytes are bytes, and rows are plain objects', () => {
  const row = both((Sqlite, path) =>
    new Sqlite(path)
      .prepare(`SELECT ? || '' AS text, typeof(?) AS kind, ? AS bytes, ? AS big, ? AS part, ? AS absent`)
      .get(5, 5, Buffer.from('ab'), 2 ** 40, 1.5, null),
  )
  expect(row).toMatchObject({ bytes: Buffer.from('ab'), big: 2 ** 40, part: 1.5, absent: null })
  expect(Object.getPrototypeOf(row)).toBe(Object.prototype)
})

test('values come one by one, in an array, or by their names among others', () => {
  both((Sqlite, path) => {
    const db = new Sqlite(path)
    const pair = db.prepare('SELECT ? AS a, ? AS b')
    const named = db.prepare('SELECT :a AS a, :b AS b')
    return [pair.get(1, 2), pair.get([1, 2]), named.get({ a: 1, b: 2, c: 3 }), pair.all(1, 2)]
  })
})

test('plucked, a statement gives its first column, all at once or one after the other', () => {
  const numbers = both((Sqlite, path) => {
    const statement = new Sqlite(path).prepare(`SELECT value, 'x' FROM json_each('[1,2,3]')`).pluck()
    return [statement.get(), statement.all(), [...statement.iterate()]]
  })
  expect(numbers).toEqual([1, [1, 2, 3], [1, 2, 3]])
})

test('a transaction that throws leaves nothing, and its error comes out', () => {
  both((Sqlite, path) => {
    const db = new Sqlite(path).exec('CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT')
    const insert = db.prepare('INSERT INTO t VALUES (?)')
    const fault = new Error('no')
    const failing = () => {
      insert.run(1)
      throw fault
    }
    expect(() => db.transaction(failing).immediate()).toThrow(fault)
    expect(() => db.transaction(failing)()).toThrow(fault)
    db.transaction(() => insert.run(2)).immediate()
    return [db.inTransaction, db.prepare('SELECT n FROM t').pluck().all()]
  })
})

test('errors have the names that the bus tells apart', () => {
  const codes = both((Sqlite, path) => {
    const db = new Sqlite(path).exec('CREATE TABLE t (n INTEGER PRIMARY KEY, u UNIQUE)')
    const insert = db.prepare('INSERT INTO t VALUES (?, ?)')
    insert.run(1, 1)
    db.pragma('max_page_count = 3')
    const other = new Sqlite(path, { timeout: 0 })
    const found = {
      syntax: codeOf(() => db.prepare('nonsense')),
      twice: codeOf(() => insert.run(1, 2)),
      unique: codeOf(() => insert.run(2, 1)),
      full: codeOf(() => insert.run(3, Buffer.alloc(100_000))),
      busy: codeOf(() => {
        db.exec('BEGIN EXCLUSIVE')
        other.exec('BEGIN IMMEDIATE')
      }),
      readonly: codeOf(() => {
        db.exec('ROLLBACK')
        new Sqlite(path, { readonly: true }).exec('DELETE FROM t')
      }),
      missing: codeOf(() => new Sqlite(`${path}-none`, { fileMustExist: true })),
      foreign: codeOf(() => new Sqlite(import.meta.filename, { readonly: true }).exec('SELECT 1 FROM t')),
    }
    other.close()
    expect(db.close().open).toBe(false)
    db.close()
    return found
  })
  expect(codes).toEqual({
    syntax: 'SQLITE_ERROR',
    twice: 'SQLITE_CONSTRAINT_PRIMARYKEY',
    unique: 'SQLITE_CONSTRAINT_UNIQUE',
    full: 'SQLITE_FULL',
    busy: 'SQLITE_BUSY',
    readonly: 'SQLITE_READONLY',
    missing: 'SQLITE_CANTOPEN',
    foreign: 'SQLITE_NOTADB',
  })
})

test.each([
  [undefined, 'Database'],
  ['better-sqlite3', 'Database'],
  ['node', 'NodeSqlite'],
  ['Node', 'NodeSqlite'],
  [' NODE ', 'NodeSqlite'],
  ['', 'Database'],
])('with BUS_SQLITE_DRIVER=%s the store takes %s', (driver, name) => {
  const { BUS_SQLITE_DRIVER: _, ...env } = process.env
  const code = "import('./service/store/sqlite/driver.ts').then(driver => console.log(driver.default.name))"
  const said = execFileSync(process.execPath, ['-e', code], {
    cwd: root,
    encoding: 'utf8',
    env: driver === undefined ? env : { ...env, BUS_SQLITE_DRIVER: driver },
  })
  expect(said.trim()).toBe(name)
})

test('an integer beyond 2^53 is read, rounded, however it is asked for', () => {
  const read = both((Sqlite, path) => {
    const db = new Sqlite(path)
    db.exec(
      'CREATE TABLE cells (n INTEGER, text TEXT); INSERT INTO cells VALUES (9223372036854775807, NULL), (-7, 1)',
    )
    const select = 'SELECT * FROM cells ORDER BY n'
    const said = [
      db.prepare(`${select} DESC`).get(),
      db.prepare(select).all(),
      [...db.prepare(select).pluck().iterate()],
      db.prepare('SELECT max(n) FROM cells').pluck().get(),
    ]
    db.close()
    return said
  })
  expect(read.at(-1)).toBe(2 ** 63)
})
