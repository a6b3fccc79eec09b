import type { Database } from 'better-sqlite3'
import type { DeadLetter, DeadLetterPage, DeadLetterSearch } from '../store.ts'
import { ROUTE_COLUMNS, type RouteRow, routeOf } from './route-rows.ts'
import { prepareAll } from './statements.ts'

/**
 * Letters that one page looks at. It does so in the HTTP thread, so it is little: of 200,000 letters, a page in which nothing
 * fits took 1 to 6 ms (20 to 200,000 lanes; `limit=1000` with all found 1 to 8).
 */
const LOOKED_AT = 10_000

const LETTER = `d.n, i.id, i.last_error, d.attempts, d.reason, d.created_at, ${ROUTE_COLUMNS}`

export const DEAD_LETTER_SQL = {
  one: `SELECT ${LETTER}
        FROM intents i JOIN dead_letters d ON d.intent = i.n JOIN lanes l ON l.id = d.lane
        WHERE i.id = ?`,
  position: `SELECT d.n FROM intents i JOIN dead_letters d ON d.intent = i.n WHERE i.id = ?`,
  /** The first that a page from here on does not look at. Letters that are gone leave gaps, so it has to be asked for. */
  beyond: `SELECT d.n FROM dead_letters d WHERE d.n < ? ORDER BY d.n DESC LIMIT 1 OFFSET ?`,
  // CROSS JOIN keeps the order: the letter, its lane, and only for what fits the intent.
  page: `SELECT ${LETTER}
         FROM dead_letters d CROSS JOIN lanes l ON l.id = d.lane CROSS JOIN intents i ON i.n = d.intent
         WHERE d.n < ? AND d.n > ?
           AND d.reason = coalesce(?, d.reason)
           AND l.namespace = coalesce(?, l.namespace) AND l.goal = coalesce(?, l.goal)
         ORDER BY d.n DESC LIMIT ?`,
} as const

type Row = RouteRow & {
  n: number
  id: string
  attempts: number
  reason: string
  last_error: string | null
  created_at: number
}

/** Dead letters as they are read: one, or a page of them. */
export class DeadLetters {
  readonly #sql: ReturnType<typeof prepareAll<typeof DEAD_LETTER_SQL>>

  constructor(db: Database) {
    this.#sql = prepareAll(db, DEAD_LETTER_SQL)
  }

  one(intentId: string): DeadLetter | null {
    const row = this.#sql.one.get(intentId) as Row | undefined
    return row === undefined ? null : toDeadLetter(row)
  }

  page({ namespace, goal, reason, before, limit }: DeadLetterSearch): DeadLetterPage | null {
    const from = this.#position(before)
    if (from === null) return null
    const beyond = (this.#sql.beyond.get(from, LOOKED_AT) as { n: number } | undefined)?.n ?? 0
    // One more than asked for tells whether there are more.
    const rows = this.#sql.page.all(from, beyond, reason, namespace, goal, limit + 1) as Row[]
    const shown = rows.slice(0, limit)
    const next = rows.length > limit ? shown.at(-1)!.n : beyond === 0 ? null : beyond + 1
    return { letters: shown.map(toDeadLetter), next }
  }

  #position(before: DeadLetterSearch['before']): number | null {
    if (before === null) return Number.MAX_SAFE_INTEGER
    if (typeof before === 'number') return before
    return (this.#sql.position.get(before) as { n: number } | undefined)?.n ?? null
  }
}

function toDeadLetter(row: Row): DeadLetter {
  return {
    intentId: row.id,
    route: routeOf(row),
    attempts: row.attempts,
    reason: row.reason,
    lastError: row.last_error,
    createdAt: row.created_at,
  }
}
