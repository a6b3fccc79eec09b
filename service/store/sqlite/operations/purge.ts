import type { PurgeCursor, PurgeOp } from '../../operations.ts'
import type { Outcome, ValueOf } from '../../outcomes.ts'
import type { Counts } from '../../records.ts'
import { lookAhead } from '../agenda.ts'
import type { IntentRow } from '../statements.ts'
import { DEAD, READY } from '../states.ts'
import type { Writer } from '../writer.ts'
import { audit } from './audit.ts'
import { deleteIntent, openBytes } from './moves.ts'

export function purge(w: Writer, op: PurgeOp): Outcome<'purge'> {
  if (op.namespace !== null) return purgeStep(w, op, op.namespace)
  const purged = purgeAll(w)
  audit(w, op.by, 'purged', null, { intents: purged.value.deleted })
  return purged
}

const EMPTIED = [
  'intents',
  'payloads',
  'results',
  'dead_letters',
  'lanes',
  'key_values',
  'value_bytes',
  'idempotency_keys',
  'nonces',
]

/** Without a WHERE, SQLite drops whole b-trees instead of rows. */
function purgeAll(w: Writer): { ok: true; value: ValueOf['purge'] } {
  const deleted = sum(w.lanes.depths.totals)
  for (const table of EMPTIED) w.db.exec(`DELETE FROM ${table}`)
  w.damage.forgetAll()
  w.lanes.reload()
  lookAhead(w)
  return { ok: true, value: { deleted, next: null } }
}

function purgeStep(w: Writer, op: PurgeOp, namespace: string): Outcome<'purge'> {
  // With its first step, which a crash may make its last: it says how many there were, not how many went.
  if (op.from === null) audit(w, op.by, 'purged', namespace, { intents: intentsIn(w, namespace) })
  const from: PurgeCursor = op.from ?? {
    table: 'intents',
    after: 0,
    upTo: { intents: newest(w.sql.newestIntent), idempotency_keys: newest(w.sql.newestIdempotent) },
  }
  return from.table === 'intents'
    ? purgeIntents(w, namespace, from, op.limit)
    : purgeIdempotencyKeys(w, namespace, from, op.limit)
}

function intentsIn(w: Writer, namespace: string): number {
  const [depth] = w.lanes.depths.of([namespace], 0)
  return depth === undefined ? 0 : sum(depth)
}

const sum = ({ open, claimed, fulfilled, dead }: Counts): number => open + claimed + fulfilled + dead

function purgeIntents(w: Writer, namespace: string, from: PurgeCursor, limit: number): Outcome<'purge'> {
  const rows = w.sql.intentsFrom.all(from.after, from.upTo.intents, limit) as Pick<
    IntentRow,
    'n' | 'lane' | 'state'
  >[]
  let deleted = 0
  for (const row of rows) {
    const lane = w.lanes.get(row.lane)
    if (lane.route.namespace !== namespace) continue
    const bytes = openBytes(w, row)
    deleteIntent(w, row.n)
    if (row.state === DEAD) w.sql.exhume.run(row.n)
    if (row.state === READY) w.lanes.withdraw(lane, row.n)
    w.lanes.move(lane, row.state, null, 1, bytes)
    deleted += 1
  }
  const next: PurgeCursor =
    rows.length < limit
      ? { ...from, table: 'idempotency_keys', after: 0 }
      : { ...from, after: rows.at(-1)!.n }
  return { ok: true, value: { deleted, next } }
}

/** Else a publish would be answered with the id of an intent that is gone, and nothing would be done. */
function purgeIdempotencyKeys(
  w: Writer,
  namespace: string,
  from: PurgeCursor,
  limit: number,
): Outcome<'purge'> {
  const rows = w.sql.idempotentFrom.all(from.after, from.upTo.idempotency_keys, limit) as {
    n: number
    namespace: string
  }[]
  for (const row of rows) if (row.namespace === namespace) w.sql.dropIdempotent.run(row.n)
  const next = rows.length < limit ? null : { ...from, after: rows.at(-1)!.n }
  return { ok: true, value: { deleted: 0, next } }
}

const newest = (statement: Writer['sql']['newestIntent']): number =>
  (statement.get() as { n: number | null }).n ?? 0
