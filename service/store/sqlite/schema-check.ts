import { shown } from '../../config/shown.ts'
import { StoreOpenError } from '../open-error.ts'
import Sqlite, { type Database } from './driver.ts'
import { makeSchema, newestSchema } from './migrate.ts'

type Item = { type: string; name: string; tbl_name: string; sql: string | null }

const KINDS = ['table', 'index', 'trigger', 'view']
const ITEMS = 'SELECT type, name, tbl_name, sql FROM sqlite_schema'

/** An index that only makes reading quicker: it refuses no row, and computes nothing when one is written. */
const PLAIN_INDEX = `
  SELECT count(*) FROM pragma_index_list(:table) AS list
  WHERE list.name = :name COLLATE NOCASE AND NOT list."unique" AND NOT list.partial
    AND NOT EXISTS (SELECT 1 FROM pragma_index_xinfo(list.name) WHERE cid = -2)`

/**
 * Whoever can write to a database, or to a backup that is not encrypted, can leave more in it than rows: a trigger runs at the
 * bus's own writes, long afterwards. So everything in the schema has to be as the migrations up to its version make it, but for
 * comments and spaces. Other tables and plain indexes may be an operator's, and do nothing by themselves. What is missing is not
 * refused: databases of one early version lack a trigger.
 *
 * A database of a newer bus is not judged: it is refused for that. It takes 4 ms of the processor, of which SQLite has 3 to make a
 * schema to compare with.
 *
 * @throws {StoreOpenError} naming what is not the bus's; nothing has been written, and none of it has run
 */
export function refuseChangedSchema(db: Database): void {
  // Nor may what stands in the schema call more than the functions that change nothing.
  db.pragma('trusted_schema = OFF')
  const version = db.pragma('user_version', { simple: true }) as number
  if (version > newestSchema()) return
  const found = db.prepare(ITEMS).all() as Item[]
  if (found.length === 0) return
  const ours = itemsOf(version)
  const foreign = found.find(item => !isExpected(db, item, ours))
  if (foreign === undefined) return
  const { type, name, tbl_name: table } = foreign
  // Whoever could write there may have written anything into this column too.
  const kind = KINDS.includes(type) ? type : 'row'
  const place = kind === 'trigger' || kind === 'index' ? ` on the table ${shown(table)}` : ''
  throw new StoreOpenError(
    `${db.name} has the ${kind} ${shown(name)}${place} that is not of this bus: somebody has changed the database. What to do: docs/operations/changed-schema.md.`,
  )
}

type Items = ReadonlyMap<string, Item>

/** SQLite's names are the same in any case. */
const keyOf = (name: string): string => name.toLowerCase()

function itemsOf(version: number): Items {
  const fresh = new Sqlite(':memory:')
  try {
    makeSchema(fresh, version)
    return new Map((fresh.prepare(ITEMS).all() as Item[]).map(item => [keyOf(item.name), item]))
  } finally {
    fresh.close()
  }
}

function isExpected(db: Database, item: Item, ours: Items): boolean {
  const made = ours.get(keyOf(item.name))
  if (made !== undefined) {
    return item.type === made.type && item.tbl_name === made.tbl_name && isSame(item.sql, made.sql)
  }
  if (item.type === 'table') return true
  if (item.type !== 'index') return false
  const bindings = { table: item.tbl_name, name: item.name }
  return !ours.has(keyOf(item.tbl_name)) || db.prepare(PLAIN_INDEX).pluck().get(bindings) === 1
}

const isSame = (one: string | null, other: string | null): boolean =>
  one === other || (one !== null && other !== null && tokensOf(one) === tokensOf(other))

/** What stands in quotes, words, comments, and any other character but a space (https://www.sqlite.org/lang_comment.html). */
const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*.*?(?:\*\/|$)|[\w$\u0080-\uffff]+|[^ \t\n\f\r]/gs

/** Versions of SQLite add a column with other spaces, and versions of the bus have had other comments. */
const tokensOf = (sql: string): string =>
  (sql.match(TOKEN) ?? []).filter(token => !/^(?:--|\/\*)/.test(token)).join(' ')
