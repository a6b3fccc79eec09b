import type { IntentRow } from '../statements.ts'
import { CLAIMED, DEAD, DELAYED, FULFILLED, READY } from '../states.ts'
import type { Step, WriterState } from '../writer-state.ts'

const DUE = {
  [DELAYED]: 'dueDelayed',
  [READY]: 'dueReady',
  [CLAIMED]: 'dueClaimed',
  [FULFILLED]: 'dueFulfilled',
  [DEAD]: 'dueDead',
} as const

/**
 * Up to `limit` intents that time has to move, the earliest first. While each is looked at, it is known which one: it may be damaged.
 *
 * @param until bus ms
 */
export function* dueRows(
  w: WriterState,
  state: keyof typeof DUE,
  until: number,
  limit: number,
): Generator<IntentRow, void> {
  const rows = w.damage.isFound
    ? w.detour.due(state, until, limit)
    : (w.sql[DUE[state]].all(until, limit) as IntentRow[])
  for (const row of rows) {
    w.damage.intent = row.n
    yield row
  }
  w.damage.intent = 0
}

/** A part of the time-driven work. One that met damage with no intent to blame is left out, so that the others are done. */
export function stepOf<T>(w: WriterState, name: Step, work: () => T, nothing: T): T {
  if (w.leftOut.has(name)) return nothing
  w.step = name
  const done = work()
  w.step = null
  return done
}
