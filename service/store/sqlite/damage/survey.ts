import Sqlite, { type Database } from '../driver.ts'

/** Faults that are looked at: one damaged page may have hundreds. */
const MOST_FAULTS = 200
const MOST_PAGES_NAMED = 5

const FREE_PAGES = 'free pages'
const UNKNOWN = 'the file itself'

/**
 * Reads all of a database, and says what of it is damaged: `table intents (page 12)`, `index intents_ready`, `free pages`. It takes
 * about as long as reading the file, and writes nothing.
 *
 * @returns empty when it is whole
 */
export function damagedPartsOf(path: string): string[] {
  const db = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: 5000 })
  try {
    return damagedParts(db)
  } catch (error) {
    return [`${UNKNOWN}: ${(error as Error).message}`]
  } finally {
    db.close()
  }
}

/** Pages by the table or index that they are of. */
type Found = Map<string, Set<number>>

function damagedParts(db: Database): string[] {
  const names = namesByRoot(db)
  const found: Found = new Map()
  addUndecodable(db, found)
  // SQLite's own check looks into overflow pages and at what belongs together, but gives up at many a damaged page.
  for (const fault of faultsOf(db)) add(found, ...placeOf(fault, names))
  // "Page 7 is never used" follows from any damage, and so do faults that name nothing.
  for (const vague of [FREE_PAGES, UNKNOWN]) if (found.size > 1) found.delete(vague)
  return [...found].map(([part, pages]) => part + named([...pages]))
}

/** Pages that are no pages of a tree: https://www.sqlite.org/dbstat.html */
function addUndecodable(db: Database, found: Found): void {
  try {
    const rows = db
      .prepare(
        `SELECT coalesce(s.type, 'table') AS type, d.name, d.pageno AS page
         FROM dbstat d LEFT JOIN sqlite_schema s ON s.name = d.name
         WHERE d.pagetype = 'corrupted' LIMIT ${MOST_FAULTS}`,
      )
      .all() as { type: string; name: string; page: number }[]
    for (const { type, name, page } of rows) add(found, `${type} ${name}`, page)
  } catch {
    // SQLite may be built without dbstat, or it gives up at the damage: the other look is left.
  }
}

function faultsOf(db: Database): string[] {
  try {
    const texts = db.prepare(`PRAGMA integrity_check(${MOST_FAULTS})`).pluck().all() as string[]
    return texts.flatMap(text => text.split('\n')).filter(line => line !== 'ok' && !line.startsWith('***'))
  } catch (error) {
    return [(error as Error).message]
  }
}

/** https://www.sqlite.org/pragma.html#pragma_integrity_check: a line names a tree by its root page, or an index by its name. */
function placeOf(fault: string, names: ReadonlyMap<number, string>): [part: string, page?: number] {
  const tree = /^Tree (\d+)(?: page (\d+))?/.exec(fault)
  if (tree !== null) {
    const name = names.get(Number(tree[1])) ?? UNKNOWN
    return tree[2] === undefined ? [name] : [name, Number(tree[2])]
  }
  const index = /(?:from|in) index (\w+)/.exec(fault)
  if (index !== null) return [`index ${index[1]}`]
  const table = /in (\w+)\.\w+/.exec(fault)
  if (table !== null) return [`table ${table[1]}`]
  return [fault.startsWith('Freelist') || fault.startsWith('Page ') ? FREE_PAGES : UNKNOWN]
}

function add(found: Found, part: string, page?: number): void {
  const pages = found.get(part) ?? new Set()
  if (page !== undefined) pages.add(page)
  found.set(part, pages)
}

function named(pages: number[]): string {
  if (pages.length === 0) return ''
  const some = pages.slice(0, MOST_PAGES_NAMED).join(', ')
  return ` (${pages.length === 1 ? 'page' : 'pages'} ${some}${pages.length > MOST_PAGES_NAMED ? ', …' : ''})`
}

function namesByRoot(db: Database): Map<number, string> {
  const rows = db.prepare('SELECT type, name, rootpage FROM sqlite_schema WHERE rootpage > 0').all() as {
    type: string
    name: string
    rootpage: number
  }[]
  return new Map([
    [1, 'table sqlite_schema'],
    ...rows.map(({ type, name, rootpage }) => [rootpage, `${type} ${name}`] as const),
  ])
}
