import type { PurgeCursor, PurgeOp } from '../../operations.ts'
import type { Outcome, ValueOf } from '../../outcomes.ts'
import type { Counts } from '../../records.ts'
import { lookAhead } from '../agenda.ts'
import type { WriterState } from '../writer-state.ts'
import { audit } from './audit.ts'
import { aroundDamage, purgeOthers, purgeReadable } from './purge-around-damage.ts'
import { type Purged, purgeIntent } from './purge-intent.ts'

type BySequence = Extract<PurgeCursor, { upTo: { intents: number } }>

export function purge(w: WriterState, op: PurgeOp): Outcome<'purge'> {
  if (op.namespace === null && op.from === null && !w.damage.isFound) {
    const purged = purgeAll(w)
    audit(w, op.by, 'purged', null, { intents: purged.value.deleted })
    return purged
  }
  // With its first step, which a crash may make its last: it says how many there were, not how many went.
  if (op.from === null) audit(w, op.by, 'purged', op.namespace, { intents: intentsIn(w, op.namespace) })
  const from = w.damage.isFound ? aroundDamage(w, op.from) : (op.from ?? fromTheFirst(w))
  switch (from.table) {
    case 'intents':
      return purgeIntents(w, op, from)
    case 'ids of intents':
      return purgeReadable(w, op, from)
    case 'idempotency_keys':
      return purgeIdempotencyKeys(w, op, from)
    case 'others':
      return purgeOthers(w)
  }
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
function purgeAll(w: WriterState): { ok: true; value: ValueOf['purge'] } {
  const deleted = sum(w.lanes.depths.totals)
  for (const table of EMPTIED) w.db.exec(`DELETE FROM ${table}`)
  w.damage.forgetAll()
  w.lanes.reload()
  lookAhead(w)
  return { ok: true, value: { deleted, next: null } }
}

const fromTheFirst = (w: WriterState): BySequence => ({
  table: 'intents',
  after: 0,
  upTo: { intents: newest(w.sql.newestIntent), idempotency_keys: newest(w.sql.newestIdempotent) },
})

function intentsIn(w: WriterState, namespace: string | null): number {
  if (namespace === null) return sum(w.lanes.depths.totals)
  const [depth] = w.lanes.depths.of([namespace], 0)
  return depth === undefined ? 0 : sum(depth)
}

const sum = ({ open, claimed, fulfilled, dead }: Counts): number => open + claimed + fulfilled + dead

function purgeIntents(w: WriterState, { namespace, limit }: PurgeOp, from: BySequence): Outcome<'purge'> {
  const rows = w.sql.intentsFrom.all(from.after, from.upTo.intents, limit) as Purged[]
  const deleted = rows.filter(row => purgeIntent(w, row, namespace)).length
  const next: PurgeCursor =
    rows.length < limit
      ? { ...from, table: 'idempotency_keys', after: 0 }
      : { ...from, after: rows.at(-1)!.n }
  return { ok: true, value: { deleted, next } }
}

/** Else a publish would be answered with the id of an intent that is gone, and nothing would be done. */
function purgeIdempotencyKeys(
  w: WriterState,
  { namespace, limit }: PurgeOp,
  from: BySequence,
): Outcome<'purge'> {
  const rows = w.sql.idempotentFrom.all(from.after, from.upTo.idempotency_keys, limit) as {
    n: number
    namespace: string
  }[]
  for (const row of rows) {
    if (namespace === null || row.namespace === namespace) w.sql.dropIdempotent.run(row.n)
  }
  const last: PurgeCursor | null = namespace === null ? { table: 'others' } : null
  const next = rows.length < limit ? last : { ...from, after: rows.at(-1)!.n }
  return { ok: true, value: { deleted: 0, next } }
}

const newest = (statement: WriterState['sql']['newestIntent']): number =>
  (statement.get() as { n: number | null }).n ?? 0
