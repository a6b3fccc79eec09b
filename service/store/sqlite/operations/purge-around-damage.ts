import type { PurgeCursor, PurgeOp } from '../../operations.ts'
import type { Outcome } from '../../outcomes.ts'
import type { WriterState } from '../writer-state.ts'
import { purgeIntent } from './purge-intent.ts'

/** Intents in a step: with each that turns out to be damaged, the step is done again. */
const MOST_AT_ONCE = 100

type ById = Extract<PurgeCursor, { table: 'ids of intents' }>

/** A purge that began without damage begins again: what is gone costs nothing. */
export function aroundDamage(w: WriterState, from: PurgeCursor | null): PurgeCursor {
  if (from !== null && from.table !== 'intents') return from
  const newest = w.sql.newestIdempotent.get() as { n: number | null }
  return {
    table: 'ids of intents',
    after: '',
    upTo: { ids: w.detour.newestId(), idempotency_keys: from?.upTo.idempotency_keys ?? newest.n ?? 0 },
  }
}

/**
 * Intents are found by the index of their ids, and each is read by itself, so that it is known which one met damage: that one is set
 * aside, and stays.
 */
export function purgeReadable(w: WriterState, { namespace, limit }: PurgeOp, from: ById): Outcome<'purge'> {
  const most = Math.min(limit, MOST_AT_ONCE)
  const found = w.detour.ids(from.after, from.upTo.ids, most)
  let deleted = 0
  for (const { n } of found) {
    if (w.damage.has(n)) continue
    if (purgeIntent(w, w.detour.row(n), namespace)) deleted += 1
  }
  w.damage.intent = 0
  const next: PurgeCursor =
    found.length < most
      ? {
          table: 'idempotency_keys',
          after: 0,
          upTo: { intents: 0, idempotency_keys: from.upTo.idempotency_keys },
        }
      : { ...from, after: found.at(-1)!.id }
  return { ok: true, value: { deleted, next } }
}

/** Lanes stay, for those that are set aside; a sweep collects the empty ones. */
export function purgeOthers(w: WriterState): Outcome<'purge'> {
  for (const table of ['nonces', 'key_values', 'value_bytes']) {
    w.damage.statement = `DELETE FROM ${table}`
    w.db.exec(w.damage.statement)
  }
  w.holdings.forgetValues()
  return { ok: true, value: { deleted: 0, next: null } }
}
