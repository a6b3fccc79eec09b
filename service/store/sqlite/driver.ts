/**
 * How SQLite is spoken to: better-sqlite3, or the one inside of Node where that was asked for. From the environment, which
 * each thread and the command line have; a value that it does not take stops the start, where all settings are read.
 */
import BetterSqlite from 'better-sqlite3'
import { readValue } from '../../config/read-value.ts'
import { NodeSqlite } from './node-driver.ts'

export type { Database, Statement } from 'better-sqlite3'
export { SqliteError } from 'better-sqlite3'

/** The second has as much of the first as is used here; the conformance suite says whether that is enough. */
const Sqlite =
  readValue('BUS_SQLITE_DRIVER', process.env) === 'node'
    ? (NodeSqlite as unknown as typeof BetterSqlite)
    : BetterSqlite

export default Sqlite
