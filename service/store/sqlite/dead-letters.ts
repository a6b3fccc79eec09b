import type { Database } from 'better-sqlite3'
import type { Cause } from '../../intent/lifecycle.ts'
import type { DeadLetter, DeadLetterPage, DeadLetterSearch } from '../records.ts'
import { Pages } from './paging.ts'
import { ROUTE_COLUMNS, type RouteRow, routeOf } from './route-rows.ts'
import { prepareAll } from './statements.ts'

/** Older letters have a reason that says it: see migrations/003. */
const CAUSE = `coalesce(d.cause, CASE d.reason WHEN 'expired' THEN 'expired' WHEN 'Cancelled by admin' THEN 'cancelled'
                                               ELSE 'max_retries' END)`

const LETTER = `d.n, i.id, i.last_error, i.worker_id, d.attempts, d.reason, ${CAUSE} AS cause, d.created_at, ${ROUTE_COLUMNS}`

export const DEAD_LETTER_SQL = {
  one: `SELECT ${LETTER}
        FROM intents i JOIN dead_letters d ON d.intent = i.n JOIN lanes l ON l.id = d.lane
        WHERE i.id = ?`,
  position: `SELECT d.n FROM intents i JOIN dead_letters d ON d.intent = i.n WHERE i.id = ?`,
  beyond: `SELECT d.n FROM dead_letters d WHERE d.n < ? ORDER BY d.n DESC LIMIT 1 OFFSET ?`,
  // CROSS JOIN keeps the order: the letter, its lane, and only for what fits the intent.
  page: `SELECT ${LETTER}
         FROM dead_letters d CROSS JOIN lanes l ON l.id = d.lane CROSS JOIN intents i ON i.n = d.intent
         WHERE d.n < ? AND d.n > ?
           AND d.created_at >= coalesce(?, d.created_at)
           AND coalesce(${CAUSE} = ?, 1) AND d.reason = coalesce(?, d.reason)
           AND l.namespace = coalesce(?, l.namespace) AND l.goal = coalesce(?, l.goal)
         ORDER BY d.n DESC LIMIT ?`,
} as const

type Row = RouteRow & {
  n: number
  id: string
  attempts: number
  reason: string
  cause: Cause
  worker_id: string | null
  last_error: string | null
  created_at: number
}

/** Dead letters as they are read: one, or a page of them. */
export class DeadLetters {
  readonly #sql: ReturnType<typeof prepareAll<typeof DEAD_LETTER_SQL>>
  readonly #pages: Pages<Row>

  constructor(db: Database) {
    this.#sql = prepareAll(db, DEAD_LETTER_SQL)
    this.#pages = new Pages(this.#sql)
  }

  one(intentId: string): DeadLetter | null {
    const row = this.#sql.one.get(intentId) as Row | undefined
    return row === undefined ? null : toDeadLetter(row)
  }

  page({ namespace, goal, cause, reason, since, before, limit }: DeadLetterSearch): DeadLetterPage | null {
    const page = this.#pages.read(before, [since, cause, reason, namespace, goal], limit)
    return page && { letters: page.rows.map(toDeadLetter), next: page.next }
  }
}

function toDeadLetter(row: Row): DeadLetter {
  return {
    intentId: row.id,
    route: routeOf(row),
    attempts: row.attempts,
    cause: row.cause,
    reason: row.reason,
    workerId: row.worker_id || null,
    lastError: row.last_error,
    createdAt: row.created_at,
  }
}
