import { existsSync } from 'node:fs'
import Sqlite, { type Database, SqliteError, type Statement } from '../../store/sqlite/driver.ts'

/** The file cannot be read as a database of the reference server. `message` is one line for the operator. */
export class SourceError extends Error {
  override readonly name = 'SourceError'
}

/** What stands in a column: SQLite checks no types, and the reference's tables are not strict. */
export type Cell = string | number | bigint | Buffer | null
export type Row = Record<string, Cell>

export const TABLES = ['tester_keys', 'intents', 'dead_letters', 'store', 'idempotency_keys'] as const
export type Table = (typeof TABLES)[number]

/** Without these it is not what this is for. All versions have had them. */
const TELLTALE = ['id', 'goal', 'payload', 'status', 'created_at', 'expires_at', 'claimed_at', 'claimed_by']

/** The columns that came later, newest first, and the version they came with. */
const CAME_WITH = [
  ['claim_token', '7.61'],
  ['namespace', '7.5 or 7.6'],
  ['publisher', '7.0.1'],
] as const

/** The order is part of the answer: intents as they were published, letters as they were written. */
const INTENTS_IN_ORDER = 'SELECT rowid FROM intents ORDER BY created_at, id'
const INTENT_AT = 'SELECT * FROM intents WHERE rowid = ?'
const LETTERS = `SELECT d.*, i.status AS intent_status FROM dead_letters AS d LEFT JOIN intents AS i ON i.id = d.intent_id
                 ORDER BY d.created_at, d.id`

/** A database of the reference server, as it was at one moment: it may be in use. Nothing in it is changed. */
export class ReferenceSource {
  readonly #path: string
  readonly #db: Database
  readonly #columns: Map<string, Set<string>>
  readonly version: string

  /** @throws {SourceError} */
  constructor(path: string) {
    this.#path = path
    this.#db = opened(path)
    try {
      // One snapshot for all that is read from here on.
      this.#db.exec('BEGIN')
      this.#columns = this.#look()
      this.version = this.#recognise(path)
    } catch (error) {
      this.#db.close()
      throw said(path, error)
    }
  }

  get hasPublishers(): boolean {
    return this.has('intents', 'publisher')
  }

  has(table: string, column: string): boolean {
    return this.#columns.get(table)?.has(column) ?? false
  }

  count(table: Table | 'rate_limits'): number {
    if (!this.#columns.has(table)) return 0
    return this.#sound(() => this.#db.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number)
  }

  /** Every key that published or claimed something. */
  *parties(): Iterable<Cell> {
    const columns = ['publisher', 'claimed_by'].filter(column => this.has('intents', column))
    const of = columns.map(column => `SELECT ${column} FROM intents WHERE ${column} IS NOT NULL`)
    yield* this.#each<Cell>(this.#db.prepare(of.join(' UNION ')).pluck())
  }

  keys(): Iterable<Row> {
    return this.#rows('tester_keys', 'SELECT * FROM tester_keys ORDER BY created_at, api_key')
  }

  /** One by one: only their numbers are sorted, so that no payload goes through the sorter. */
  *intents(): Iterable<Row> {
    const at = this.#db.prepare(INTENT_AT)
    for (const rowid of this.#each<number>(this.#db.prepare(INTENTS_IN_ORDER).pluck())) {
      yield this.#sound(() => at.get(rowid) as Row)
    }
  }

  /** By intent: why it died. */
  letterOf(id: string): Row | undefined {
    if (!this.#columns.has('dead_letters')) return undefined
    this.#letter ??= this.#db.prepare('SELECT reason, created_at FROM dead_letters WHERE intent_id = ?')
    return this.#sound(() => this.#letter!.get(id) as Row | undefined)
  }
  #letter: Statement | undefined

  /** What a publisher wrote into it: its goal and its payload, as one text. */
  textOf(id: string): string | null {
    this.#text ??= this.#db.prepare('SELECT goal || payload FROM intents WHERE id = ?').pluck()
    return this.#sound(() => (this.#text!.get(id) as string | undefined) ?? null)
  }
  #text: Statement | undefined

  /** Each with the status of its intent, `null` where the intent is gone. */
  letters(): Iterable<Row> {
    return this.#rows('dead_letters', LETTERS)
  }

  values(): Iterable<Row> {
    return this.#rows('store', 'SELECT rowid AS number, * FROM store')
  }

  idempotencyKeys(): Iterable<Row> {
    return this.#rows(
      'idempotency_keys',
      'SELECT rowid AS number, * FROM idempotency_keys ORDER BY created_at',
    )
  }

  /** Of signed requests, since `after` in unix seconds. */
  *nonces(after: number): Iterable<Row> {
    if (!this.#columns.has('request_nonces')) return
    const since = this.#db.prepare('SELECT * FROM request_nonces WHERE created_at > ? ORDER BY created_at')
    yield* this.#each<Row>(since, after)
  }

  close(): void {
    this.#db.close()
  }

  *#rows(table: Table, sql: string): Iterable<Row> {
    if (this.#columns.has(table)) yield* this.#each<Row>(this.#db.prepare(sql))
  }

  *#each<T>(statement: Statement, ...bound: unknown[]): Iterable<T> {
    const rows = this.#sound(() => statement.iterate(...bound))
    try {
      for (let row = this.#sound(() => rows.next()); !row.done; row = this.#sound(() => rows.next())) {
        yield row.value as T
      }
    } finally {
      rows.return?.()
    }
  }

  /** A damaged file is told from a fault of the program, and from one of the database that takes the rows. */
  #sound<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      throw said(this.#path, error)
    }
  }

  #look(): Map<string, Set<string>> {
    const rows = this.#db
      .prepare(
        `SELECT t.name AS name, c.name AS col FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table'`,
      )
      .all() as { name: string; col: string }[]
    const columns = new Map<string, Set<string>>()
    for (const { name, col } of rows) columns.set(name, (columns.get(name) ?? new Set()).add(col))
    return columns
  }

  #recognise(path: string): string {
    if (this.#columns.has('lanes') && this.#columns.has('payloads')) {
      throw new SourceError(
        `${path} is the database of an Intent Bus of this kind, not of the reference server. To move one, copy it: docs/durability.md.`,
      )
    }
    const lacks = TELLTALE.filter(column => !this.has('intents', column))
    if (lacks.length === TELLTALE.length) {
      throw new SourceError(
        `${path} is no database of the reference server: it has no table "intents". By default the file is called infrastructure.db; the server's BUS_DB_PATH says where it is.`,
      )
    }
    if (lacks.length > 0) {
      throw new SourceError(
        `${path} is no database of the reference server 7.x: its table "intents" lacks ${lacks.join(', ')}.`,
      )
    }
    return CAME_WITH.find(([column]) => this.has('intents', column))?.[1] ?? '7.0'
  }
}

function opened(path: string): Database {
  if (!existsSync(path)) throw new SourceError(`${path} is not there.`)
  try {
    return new Sqlite(path, { readonly: true, fileMustExist: true, timeout: 30_000 })
  } catch (error) {
    throw said(path, error)
  }
}

function said(path: string, error: unknown): unknown {
  if (!(error instanceof SqliteError)) return error
  switch (error.code) {
    case 'SQLITE_NOTADB':
      return new SourceError(`${path} is not an SQLite database.`)
    case 'SQLITE_CANTOPEN':
    case 'SQLITE_READONLY_DIRECTORY':
      return new SourceError(
        `${path} cannot be opened. It takes a file, and SQLite must be able to make ${path}-shm beside it: copy it into a folder of yours.`,
      )
    default:
      return error.code.startsWith('SQLITE_CORRUPT')
        ? new SourceError(
            `${path} is damaged (${error.message}). docs/moving-in.md says how to save what can be read.`,
          )
        : new SourceError(`${path} cannot be read (${error.code}: ${error.message}).`)
  }
}
