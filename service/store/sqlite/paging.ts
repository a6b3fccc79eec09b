/**
 * Pages of a table from its newest row down, filtered. A page is read in the HTTP thread, so it looks at a bounded number of
 * rows: of 200,000 dead letters, a page in which nothing fits took 1 to 6 ms (20 to 200,000 lanes; `limit=1000` with all
 * found 1 to 8).
 */
import type { Statement } from 'better-sqlite3'

const LOOKED_AT = 10_000

/** A row id; that of an intent by its name; `null`: from the newest row on. */
export type Place = string | number | null

export class Pages<Row extends { n: number }> {
  readonly #position: Statement
  readonly #beyond: Statement
  readonly #page: Statement

  /**
   * @param position from an intent's id to its row
   * @param beyond the row that lies so many below one: what is gone leaves gaps, so it has to be asked for
   * @param page rows below one and above another that fit, newest first, up to a limit
   */
  constructor(sql: { position: Statement; beyond: Statement; page: Statement }) {
    this.#position = sql.position
    this.#beyond = sql.beyond
    this.#page = sql.page
  }

  /** @returns `null` when there is no such place */
  read(before: Place, filters: unknown[], limit: number): { rows: Row[]; next: number | null } | null {
    const from = this.#rowAt(before)
    if (from === null) return null
    const beyond = (this.#beyond.get(from, LOOKED_AT) as { n: number } | undefined)?.n ?? 0
    // One more than asked for tells whether there are more.
    const found = this.#page.all(from, beyond, ...filters, limit + 1) as Row[]
    const rows = found.slice(0, limit)
    const next = found.length > limit ? rows.at(-1)!.n : beyond === 0 ? null : beyond + 1
    return { rows, next }
  }

  #rowAt(place: Place): number | null {
    if (place === null) return Number.MAX_SAFE_INTEGER
    if (typeof place === 'number') return place
    return (this.#position.get(place) as { n: number } | undefined)?.n ?? null
  }
}
