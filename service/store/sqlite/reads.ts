import type { Database, Statement } from 'better-sqlite3'
import type {
  AuditEntry,
  AuditSearch,
  DeadLetter,
  DeadLetterPage,
  DeadLetterSearch,
  Intent,
  IntentPage,
  IntentResult,
  IntentSearch,
  KeyRecord,
  Maintenance,
} from '../records.ts'
import { AuditTrail } from './audit-trail.ts'
import { DeadLetters } from './dead-letters.ts'
import { type KeyRow, keyOf } from './key-rows.ts'
import { maintenanceOf } from './maintenance-row.ts'
import { Pages } from './paging.ts'
import { ROUTE_COLUMNS, type RouteRow, routeOf } from './route-rows.ts'
import { type IntentRow, NEXT_KEY_ID, prepareAll } from './statements.ts'
import { CLAIMED, DEAD, FULFILLED, STATE_NAMES } from './states.ts'

export const READ_SQL = {
  intent: `SELECT i.*, ${ROUTE_COLUMNS} FROM intents i JOIN lanes l ON l.id = i.lane WHERE i.id = ?`,
  payload: `SELECT p.text FROM intents i JOIN payloads p ON p.n = i.n WHERE i.id = ?`,
  result: `SELECT r.is_text, r.text FROM intents i JOIN results r ON r.n = i.n WHERE i.id = ?`,
  value: `SELECT value FROM key_values WHERE key_id = ? AND key = ? AND expires_at > ?`,
  nonce: `SELECT 1 FROM nonces WHERE key_id = ? AND nonce = ?`,
  keys: `SELECT * FROM api_keys ORDER BY id`,
  nextKeyId: NEXT_KEY_ID,
  lastSeen: `SELECT value FROM meta WHERE name = 'last_seen'`,
  maintenance: `SELECT value FROM meta WHERE name = 'maintenance'`,
} as const

export const LISTING_SQL = {
  position: `SELECT n FROM intents WHERE id = ?`,
  beyond: `SELECT n FROM intents WHERE n < ? ORDER BY n DESC LIMIT 1 OFFSET ?`,
  // CROSS JOIN keeps the order. The states come as a set of bits.
  page: `SELECT i.*, ${ROUTE_COLUMNS}
         FROM intents i CROSS JOIN lanes l ON l.id = i.lane
         WHERE i.n < ? AND i.n > ?
           AND (1 << i.state) & ? AND l.publisher = coalesce(?, l.publisher)
           AND l.namespace = coalesce(?, l.namespace) AND l.goal = coalesce(?, l.goal)
         ORDER BY i.n DESC LIMIT ?`,
  // By the index of the ids: no more than a millisecond's are looked at.
  beginning: `SELECT i.*, ${ROUTE_COLUMNS}
              FROM intents i CROSS JOIN lanes l ON l.id = i.lane
              WHERE i.id >= ? AND i.id < ?
                AND (1 << i.state) & ? AND l.publisher = coalesce(?, l.publisher)
                AND l.namespace = coalesce(?, l.namespace) AND l.goal = coalesce(?, l.goal)
              ORDER BY i.id DESC LIMIT ?`,
} as const

/**
 * Point reads, on a connection of their own beside the writer's: they see what is committed and wait for nobody.
 * In the HTTP thread, because each is one or two probes (about 10 us), less than asking another thread costs.
 */
export class Reads {
  readonly #sql: ReturnType<typeof prepareAll<typeof READ_SQL>>
  readonly #deadLetters: DeadLetters
  readonly #listing: Pages<WholeRow>
  readonly #beginning: Statement
  readonly #audit: AuditTrail

  constructor(db: Database) {
    this.#sql = prepareAll(db, READ_SQL)
    this.#deadLetters = new DeadLetters(db)
    const listing = prepareAll(db, LISTING_SQL)
    this.#listing = new Pages(listing)
    this.#beginning = listing.beginning
    this.#audit = new AuditTrail(db)
  }

  lastSeen(): number {
    return (this.#sql.lastSeen.get() as { value: number }).value
  }

  intent(id: string): Intent | null {
    const row = this.#sql.intent.get(id) as WholeRow | undefined
    return row === undefined ? null : toIntent(row)
  }

  payload(id: string): string | null {
    return (this.#sql.payload.get(id) as { text: string } | undefined)?.text ?? null
  }

  result(id: string): IntentResult | null {
    const row = this.#sql.result.get(id) as { is_text: number; text: string } | undefined
    return row === undefined ? null : { type: row.is_text === 1 ? 'text' : 'json', text: row.text }
  }

  value(keyId: number, key: string, now: number): string | null {
    return (this.#sql.value.get(keyId, key, now) as { value: string } | undefined)?.value ?? null
  }

  hasNonce(keyId: number, value: string): boolean {
    return this.#sql.nonce.get(keyId, value) !== undefined
  }

  keys(): KeyRecord[] {
    return (this.#sql.keys.all() as KeyRow[]).map(keyOf)
  }

  nextKeyId(): number {
    return (this.#sql.nextKeyId.get() as { id: number }).id
  }

  deadLetters(search: DeadLetterSearch): DeadLetterPage | null {
    return this.#deadLetters.page(search)
  }

  deadLetter(intentId: string): DeadLetter | null {
    return this.#deadLetters.one(intentId)
  }

  intents({ publisher, namespace, goal, states, idStart, before, limit }: IntentSearch): IntentPage | null {
    const bits = (states ?? STATE_NAMES).reduce((set, state) => set | (1 << STATE_NAMES.indexOf(state)), 0)
    const filters = [bits, publisher, namespace, goal]
    if (idStart !== null) {
      // `g` comes after the last hex digit.
      const rows = this.#beginning.all(idStart, `${idStart}g`, ...filters, limit) as WholeRow[]
      return { intents: rows.map(toIntent), next: null }
    }
    const page = this.#listing.read(before, filters, limit)
    return page && { intents: page.rows.map(toIntent), next: page.next }
  }

  audit(search: AuditSearch): AuditEntry[] {
    return this.#audit.page(search)
  }

  maintenance(): Maintenance | null {
    return maintenanceOf(this.#sql.maintenance.get())
  }
}

type WholeRow = IntentRow & RouteRow & { progress: number | null; progress_message: string | null }

function toIntent(row: WholeRow): Intent {
  return {
    id: row.id,
    route: routeOf(row),
    state: STATE_NAMES[row.state]!,
    priority: row.priority,
    attempts: row.attempts,
    maxAttempts: row.max_attempts,
    backoffMs: row.backoff_ms,
    createdAt: row.created_at,
    runAt: row.run_at,
    expiresAt: row.expires_at,
    claimedAt: row.claimed_at,
    leaseUntil: row.state === CLAIMED ? row.due_at : null,
    claimer: row.claimer,
    workerId: row.worker_id || null,
    completedAt: row.state === FULFILLED || row.state === DEAD ? row.due_at : null,
    lastError: row.last_error,
    progress: row.progress === null ? null : { progress: row.progress, message: row.progress_message },
  }
}
