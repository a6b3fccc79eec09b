import type { Actor, AuditAction } from '../../records.ts'
import type { WriterState } from '../writer-state.ts'

/** Entries that one publisher may have: what it does as often as it likes must not fill the disk. */
const MOST_OF_PUBLISHER = 1000

/** Writes down what was done, in the transaction under way: it is there if and only if that is. Nothing of nobody's. */
export function audit(
  w: WriterState,
  by: Actor | undefined,
  action: AuditAction,
  subject: string | null,
  detail: Readonly<Record<string, unknown>>,
): void {
  if (by === undefined) return
  const { credential, via, address, requestId } = by
  w.sql.keepAudit.run(w.now, action, subject, JSON.stringify(detail), credential, via, address, requestId)
  const { key_id: publisher } = detail
  if (credential === 'api_key') w.sql.cutAudit.run(publisher, MOST_OF_PUBLISHER)
}
