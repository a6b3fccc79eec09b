import type { Actor, AuditAction } from '../../records.ts'
import type { Writer } from '../writer.ts'

/** Writes down what was done, in the transaction under way: it is there if and only if that is. Nothing of nobody's. */
export function audit(
  w: Writer,
  by: Actor | undefined,
  action: AuditAction,
  subject: string | null,
  detail: Readonly<Record<string, unknown>>,
): void {
  if (by === undefined) return
  const { credential, via, address, requestId } = by
  w.sql.keepAudit.run(w.now, action, subject, JSON.stringify(detail), credential, via, address, requestId)
}
