import type { Database, Statement } from 'better-sqlite3'
import { prepareAll } from '../statements.ts'
import { isDamage } from '../storage-faults.ts'

/** Ready intents of a lane that are looked at, for the one that a claim has met. */
const LANE_LOOK = 200

export const DAMAGE_SQL = {
  intent: `SELECT * FROM intents WHERE n = ?`,
  payload: `SELECT text FROM payloads WHERE n = ?`,
  result: `SELECT text FROM results WHERE n = ?`,
  /** By the index alone. */
  byId: `SELECT n FROM intents INDEXED BY sqlite_autoindex_intents_1 WHERE id = ?`,
  /** The same. A scan, at the first sight of damage only. */
  idsOf: `SELECT n, id FROM intents INDEXED BY sqlite_autoindex_intents_1 WHERE n IN (SELECT value FROM json_each(?))`,
  readyIn: `SELECT n FROM intents INDEXED BY intents_ready
            WHERE lane = +? AND state = 1 ORDER BY priority DESC, run_at, attempts, n LIMIT +?`,
} as const

const PROBE_OF = { intents: 'intent', payloads: 'payload', results: 'result' } as const
type Table = keyof typeof PROBE_OF
const TABLES = Object.keys(PROBE_OF) as Table[]

const DAMAGED = Symbol('damaged')

/** Looks for what cannot be read. To be used outside of transactions: SQLite lets nothing be written in one that has met damage. */
export class Probes {
  /** Tables of which a row could not be read. */
  readonly torn = new Set<string>()
  readonly #db: Database
  readonly #name: (part: string) => void
  #prepared: { [name in keyof typeof DAMAGE_SQL]: Statement } | null = null

  /** @param name called with the index that a look has met damage in */
  constructor(db: Database, name: (part: string) => void) {
    this.#db = db
    this.#name = name
  }

  /** Whether any part of an intent cannot be read. */
  isUnreadable(n: number): boolean {
    const table = TABLES.find(each => this.isTorn(each, n))
    if (table !== undefined) this.torn.add(table)
    return table !== undefined
  }

  isTorn(table: Table, n: number): boolean {
    return this.#read(() => this.#sql[PROBE_OF[table]].get(n), null) === DAMAGED
  }

  /** `null`: its row cannot be read, or is gone. */
  idOf(n: number): string | null {
    const row = this.#read(() => this.#sql.intent.get(n), null)
    return row === DAMAGED || row === undefined ? null : (row as { id: string }).id
  }

  sequenceOf(id: string): number[] {
    const row = this.#read(() => this.#sql.byId.get(id), 'index of the ids of intents')
    return row === DAMAGED || row === undefined ? [] : [(row as { n: number }).n]
  }

  readyIn(lane: number): number[] {
    const rows = this.#read(() => this.#sql.readyIn.all(lane, LANE_LOOK), 'index intents_ready')
    return rows === DAMAGED ? [] : (rows as { n: number }[]).map(({ n }) => n)
  }

  /** Of rows that cannot be read. */
  idsOf(sequences: readonly number[]): Map<number, string> {
    const rows = this.#read(
      () => this.#sql.idsOf.all(JSON.stringify(sequences)),
      'index of the ids of intents',
    )
    if (rows === DAMAGED) return new Map()
    return new Map((rows as { n: number; id: string }[]).map(({ n, id }) => [n, id]))
  }

  /** @param part that is named when this meets damage */
  #read<T>(read: () => T, part: string | null): T | typeof DAMAGED {
    try {
      return read()
    } catch (error) {
      if (!isDamage(error)) throw error
      if (part !== null) this.#name(part)
      return DAMAGED
    }
  }

  get #sql(): { [name in keyof typeof DAMAGE_SQL]: Statement } {
    // Prepared when they are needed first: most buses never do.
    this.#prepared ??= prepareAll(this.#db, DAMAGE_SQL)
    return this.#prepared
  }
}
