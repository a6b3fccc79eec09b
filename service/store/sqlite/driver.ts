/**
 * How SQLite is spoken to: better-sqlite3, or the one inside of Node where that was asked for. From the environment itself,
 * which each thread and the command line have, and not from the settings, which are read by the bus alone.
 */
import BetterSqlite from 'better-sqlite3'
import { NodeSqlite } from './node-driver.ts'

export type { Database, Statement } from 'better-sqlite3'
export { SqliteError } from 'better-sqlite3'

/** The second has as much of the first as is used here; the conformance suite says whether that is enough. */
const Sqlite =
  process.env['BUS_SQLITE_DRIVER'] === 'node' ? (NodeSqlite as unknown as typeof BetterSqlite) : BetterSqlite

export default Sqlite
