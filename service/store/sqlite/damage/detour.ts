import type { Database, Statement } from 'better-sqlite3'
import { type HeadRow, LANE_COLUMNS, type LaneRow } from '../lane-statements.ts'
import { INTENT_COLUMNS, type IntentRow, prepareAll } from '../statements.ts'
import { isDamage } from '../storage-faults.ts'
import type { Damage } from './damage.ts'

export const DETOUR_SQL = {
  // The indexes alone: a row that cannot be read does not keep the others from being found.
  ready: `SELECT n FROM intents INDEXED BY intents_ready
          WHERE lane = +? AND state = 1 ORDER BY priority DESC, run_at, attempts, n LIMIT +?`,
  due: `SELECT n FROM intents INDEXED BY intents_agenda
        WHERE state = +? AND due_at <= +? ORDER BY due_at LIMIT +?`,
  next: `SELECT n, due_at FROM intents INDEXED BY intents_agenda WHERE state = +? ORDER BY due_at LIMIT +?`,
  ids: `SELECT n, id FROM intents INDEXED BY sqlite_autoindex_intents_1
        WHERE id > +? AND id <= +? ORDER BY id LIMIT +?`,
  newestId: `SELECT max(id) AS id FROM intents INDEXED BY sqlite_autoindex_intents_1`,
  row: `SELECT ${INTENT_COLUMNS} FROM intents WHERE n = ?`,
  payload: `SELECT text FROM payloads WHERE n = ?`,
  lanesUp: `SELECT ${LANE_COLUMNS} FROM lanes ORDER BY id`,
  lanesDown: `SELECT ${LANE_COLUMNS} FROM lanes ORDER BY id DESC`,
} as const

export type ReadRow = IntentRow & { payload: string }

/** The ways around what is set aside, for when there is damage: row by row, where the usual statements take many at once. */
export class Detour {
  readonly #damage: Damage
  readonly #db: Database
  #prepared: { [name in keyof typeof DETOUR_SQL]: Statement } | null = null
  /** States of which the agenda cannot be read. */
  readonly #lostAgendas = new Set<number>()
  /** Lanes of which the index of ready work cannot be read. */
  readonly #lostLanes = new Set<number>()

  constructor(db: Database, damage: Damage) {
    this.#db = db
    this.#damage = damage
  }

  /** Up to `limit` of those that are due, the earliest first. */
  due(state: number, until: number, limit: number): IntentRow[] {
    if (this.#lostAgendas.has(state)) return []
    const rows = this.#sql.due.all(state, until, limit + this.#damage.count) as { n: number }[]
    return this.#readable(rows, limit).map(n => this.row(n))
  }

  /** Up to `most` of the ready intents of a lane, in the order of claims. */
  ready(lane: number, most: number): ReadRow[] {
    this.#damage.lane = lane
    const rows = this.#sql.ready.all(lane, most + this.#damage.count) as { n: number }[]
    return this.#readable(rows, most).map(n => {
      const row = this.row(n)
      return { ...row, payload: (this.#sql.payload.get(n) as { text: string }).text }
    })
  }

  /** Inside a transaction: damage that was not known is thrown. */
  head(lane: number): HeadRow | null {
    if (this.#lostLanes.has(lane)) return null
    this.#damage.lane = lane
    const rows = this.#sql.ready.all(lane, 1 + this.#damage.count) as { n: number }[]
    const [n] = this.#readable(rows, 1)
    return n === undefined ? null : this.row(n)
  }

  /** Outside of one: what is found on the way is set aside, and a lane whose index is damaged gives no work. */
  headWherePossible(lane: number): HeadRow | null {
    return this.#possible(
      () => this.head(lane),
      () => this.lose(lane),
    )
  }

  /** When time next moves an intent in that state; `null`: nothing waits, or it cannot be told. */
  next(state: number): { due_at: number; run_at: number } | null {
    if (this.#lostAgendas.has(state)) return null
    const rows = this.#sql.next.all(state, 1 + this.#damage.count) as { n: number; due_at: number }[]
    const [n] = this.#readable(rows, 1)
    return n === undefined ? null : this.row(n)
  }

  nextWherePossible(state: number): { due_at: number; run_at: number } | null {
    return this.#possible(
      () => this.next(state),
      () => this.#lostAgendas.add(state),
    )
  }

  /** Its index of ready work cannot be read: it gives no work from now on. */
  lose(lane: number): void {
    this.#lostLanes.add(lane)
  }

  isLost(lane: number): boolean {
    return this.#lostLanes.has(lane)
  }

  /** Every lane that can be read, from both ends: a damaged page hides those on it, and a second one those in between. */
  lanes(): LaneRow[] {
    const { lanesUp, lanesDown } = this.#sql
    const found = new Map<number, LaneRow>()
    for (const statement of [lanesUp, lanesDown]) {
      try {
        for (const row of statement.iterate() as IterableIterator<LaneRow>) {
          if (found.has(row.id)) break
          found.set(row.id, row)
        }
        return [...found.values()]
      } catch (error) {
        if (!isDamage(error)) throw error
        this.#damage.name('table lanes')
      }
    }
    return [...found.values()]
  }

  /** @param lost called when no intent is to blame */
  #possible<T>(look: () => T | null, lost: () => void): T | null {
    for (;;) {
      this.#damage.begin()
      try {
        return look()
      } catch (error) {
        if (!isDamage(error)) throw error
        if (this.#damage.findIntents()) continue
        lost()
        this.#damage.name('table intents, or an index of it')
        return null
      }
    }
  }

  #readable(rows: readonly { n: number }[], most: number): number[] {
    return rows
      .filter(({ n }) => !this.#damage.has(n))
      .slice(0, most)
      .map(({ n }) => n)
  }

  /** Up to `limit` ids in (`after`, `upTo`], in their order; those that are set aside are among them. */
  ids(after: string, upTo: string, limit: number): { n: number; id: string }[] {
    return this.#sql.ids.all(after, upTo, limit) as { n: number; id: string }[]
  }

  /** The greatest; '' when there is none. */
  newestId(): string {
    return (this.#sql.newestId.get() as { id: string | null }).id ?? ''
  }

  row(n: number): IntentRow {
    this.#damage.intent = n
    const row = this.#sql.row.get(n) as IntentRow | undefined
    // An index that names a row that is not there belongs to another table.
    if (row === undefined)
      throw Object.assign(new Error(`intent ${n} is in an index, and not in its table`), {
        code: 'SQLITE_CORRUPT_INDEX',
      })
    return row
  }

  get #sql(): { [name in keyof typeof DETOUR_SQL]: Statement } {
    this.#prepared ??= prepareAll(this.#db, DETOUR_SQL)
    return this.#prepared
  }
}
