import type { Database } from 'better-sqlite3'
import type { AuditAction, AuditEntry, AuditSearch } from '../records.ts'
import { prepareAll } from './statements.ts'

export const AUDIT_SQL = {
  /** Where a time begins; entries of one time have ascending sequences. */
  firstSince: `SELECT sequence FROM audit WHERE at >= ? ORDER BY at, sequence LIMIT 1`,
  after: `SELECT * FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?`,
  ofActionAfter: `SELECT * FROM audit INDEXED BY audit_action WHERE action = ? AND sequence > ? ORDER BY sequence LIMIT ?`,
  newest: `SELECT * FROM audit WHERE sequence > 0 ORDER BY sequence DESC LIMIT ?`,
  newestOfAction: `SELECT * FROM audit INDEXED BY audit_action WHERE action = ? ORDER BY sequence DESC LIMIT ?`,
} as const

type Row = {
  sequence: number
  at: number
  action: AuditAction
  subject: string | null
  detail: string
  credential: AuditEntry['credential']
  via: AuditEntry['via']
  address: string
  request_id: string
}

/** What admins did, as it is read. A page costs what it shows, however long the trail is. */
export class AuditTrail {
  readonly #sql: ReturnType<typeof prepareAll<typeof AUDIT_SQL>>

  constructor(db: Database) {
    this.#sql = prepareAll(db, AUDIT_SQL)
  }

  page({ after, since, action, limit }: AuditSearch): AuditEntry[] {
    if (after === null && since === null) return this.#newest(action, limit).reverse().map(toEntry)
    const from = Math.max(after ?? 0, this.#before(since))
    const rows =
      action === null ? this.#sql.after.all(from, limit) : this.#sql.ofActionAfter.all(action, from, limit)
    return (rows as Row[]).map(toEntry)
  }

  #newest(action: AuditAction | null, limit: number): Row[] {
    const rows = action === null ? this.#sql.newest.all(limit) : this.#sql.newestOfAction.all(action, limit)
    return rows as Row[]
  }

  /** The sequence behind which all that was done since then lies. */
  #before(since: number | null): number {
    if (since === null) return 0
    const first = this.#sql.firstSince.get(since) as { sequence: number } | undefined
    return first === undefined ? Number.MAX_SAFE_INTEGER : first.sequence - 1
  }
}

function toEntry({ request_id, detail, ...row }: Row): AuditEntry {
  return { ...row, detail: JSON.parse(detail), requestId: request_id }
}
