/**
 * What the bus uses of better-sqlite3, over the SQLite inside of Node: for where better-sqlite3 cannot be compiled. The same
 * SQL, the same pragmas, the same errors; the conformance suite runs on both. It is slower: each value is looked at once more
 * on its way.
 */
import { existsSync } from 'node:fs'
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'
import { type Options, SqliteError } from 'better-sqlite3'
import { whyUnfit } from './shared-sqlite.ts'

type Value = SQLInputValue | Buffer
/** A value, values in a row, or values by their names. */
type Bound = Value | readonly Value[] | Readonly<Record<string, Value>>

/** SQLite's result codes, by their lowest byte; what is not here is a fault of the SQL. https://www.sqlite.org/rescode.html */
const FAMILIES: Record<number, string> = {
  1: 'SQLITE_ERROR',
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  7: 'SQLITE_NOMEM',
  8: 'SQLITE_READONLY',
  9: 'SQLITE_INTERRUPT',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  17: 'SQLITE_SCHEMA',
  18: 'SQLITE_TOOBIG',
  19: 'SQLITE_CONSTRAINT',
  20: 'SQLITE_MISMATCH',
  21: 'SQLITE_MISUSE',
  26: 'SQLITE_NOTADB',
}
/** Those of the extended ones that somebody tells apart. */
const EXTENDED: Record<number, string> = {
  [8 | (6 << 8)]: 'SQLITE_READONLY_DIRECTORY',
  [10 | (19 << 8)]: 'SQLITE_IOERR_SHMSIZE',
  [19 | (6 << 8)]: 'SQLITE_CONSTRAINT_PRIMARYKEY',
  [19 | (8 << 8)]: 'SQLITE_CONSTRAINT_UNIQUE',
}

/** Looked at once: every connection of a process has the same library. */
let isFit = false

export class NodeSqlite {
  readonly name: string
  readonly #db: DatabaseSync

  constructor(path: string, options: Pick<Options, 'readonly' | 'fileMustExist' | 'timeout'> = {}) {
    // Not imported: Node 22 warns of it, and where the other driver serves nobody needs to read that.
    const sqlite = process.getBuiltinModule('node:sqlite')
    if (options.fileMustExist === true && !existsSync(path)) {
      throw new SqliteError('unable to open database file', 'SQLITE_CANTOPEN')
    }
    this.name = path
    this.#db = told(
      () =>
        new sqlite.DatabaseSync(path, {
          readOnly: options.readonly === true,
          timeout: options.timeout ?? 5000,
        }),
    )
    if (isFit) return
    const version = this.prepare('SELECT sqlite_version()').pluck().get() as string
    const compiled = this.prepare('PRAGMA compile_options').pluck().all() as string[]
    const unfit = whyUnfit(version, compiled)
    if (unfit !== null) {
      this.close()
      throw new Error(unfit)
    }
    isFit = true
  }

  get open(): boolean {
    return this.#db.isOpen
  }

  get inTransaction(): boolean {
    return this.#db.isTransaction
  }

  prepare(sql: string): NodeStatement {
    return new NodeStatement(told(() => this.#db.prepare(sql)))
  }

  exec(sql: string): this {
    told(() => this.#db.exec(sql))
    return this
  }

  pragma(text: string, { simple = false } = {}): unknown {
    const statement = this.prepare(`PRAGMA ${text}`)
    return simple ? statement.pluck().get() : statement.all()
  }

  transaction<T>(run: () => T): (() => T) & { immediate(): T } {
    const within = (begin: string) => (): T => {
      this.exec(begin)
      try {
        const result = run()
        this.exec('COMMIT')
        return result
      } catch (error) {
        if (this.inTransaction) this.exec('ROLLBACK')
        throw error
      }
    }
    return Object.assign(within('BEGIN'), { immediate: within('BEGIN IMMEDIATE') })
  }

  close(): this {
    if (this.open) told(() => this.#db.close())
    return this
  }
}

class NodeStatement {
  readonly #statement: StatementSync
  #plucks = false

  constructor(statement: StatementSync) {
    this.#statement = statement
    // Objects with more in them than is asked for are bound all the time.
    statement.setAllowUnknownNamedParameters(true)
  }

  /** From now on only the first column of each row. */
  pluck(): this {
    this.#plucks = true
    this.#statement.setReturnArrays(true)
    return this
  }

  run(...bound: Bound[]): { changes: number; lastInsertRowid: number } {
    return told(() => this.#statement.run(...forNode(bound))) as { changes: number; lastInsertRowid: number }
  }

  get(...bound: Bound[]): unknown {
    const row = this.#selected(() => this.#statement.get(...forNode(bound)))
    return row === undefined ? undefined : this.#read(row)
  }

  all(...bound: Bound[]): unknown[] {
    return this.#selected(() => this.#statement.all(...forNode(bound))).map(row => this.#read(row))
  }

  *iterate(...bound: Bound[]): Generator<unknown, void> {
    // On its way there is no second try.
    this.#statement.setReadBigInts(true)
    const rows = told(() => this.#statement.iterate(...forNode(bound)))
    try {
      for (let next = told(() => rows.next()); !next.done; next = told(() => rows.next()))
        yield this.#read(next.value)
    } finally {
      rows.return?.()
    }
  }

  /**
   * Node refuses to read an integer beyond 2^53; the bus writes none, other people's databases may hold some. What only
   * reads is read again then, and numbers come rounded, as by the other driver.
   */
  #selected<T>(read: () => T): T {
    try {
      return told(read)
    } catch (error) {
      const beyond = (error as { code?: string }).code === 'ERR_OUT_OF_RANGE'
      if (!beyond || !/^\s*SELECT\b/i.test(this.#statement.sourceSQL)) throw error
      this.#statement.setReadBigInts(true)
      return told(read)
    }
  }

  #read(row: Record<string, SQLOutputValue> | SQLOutputValue[]): unknown {
    if (this.#plucks) return forBus((row as SQLOutputValue[])[0])
    const read: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(row)) read[name] = forBus(value)
    return read
  }
}

/** Node's types tell one object and many values apart; whatever was given is either. */
const forNode = (bound: readonly Bound[]): SQLInputValue[] => bound.flat() as SQLInputValue[]

function forBus(value: SQLOutputValue | undefined): unknown {
  if (typeof value === 'bigint') return Number(value)
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value
}

/** @throws {SqliteError} in place of Node's own, which has the result code as a number */
function told<T>(call: () => T): T {
  try {
    return call()
  } catch (error) {
    const { errcode, message } = error as { errcode?: number; message: string }
    if (errcode === undefined) throw error
    throw new SqliteError(message, EXTENDED[errcode] ?? FAMILIES[errcode & 0xff] ?? `SQLITE_${errcode}`)
  }
}
