import type { Head, Route } from '../../intent/routing.ts'
import type { GoalLoad } from './goal-loads.ts'
import type { Holding } from './key-holdings.ts'
import type { LaneGroup } from './lane-groups.ts'
import type { HeadRow, Tally } from './lane-statements.ts'
import { CLAIMED, DEAD, DELAYED, FULFILLED, READY } from './states.ts'

export type LaneHead = Head & { expiresAt: number }

export type Lane = Tally & {
  readonly id: number
  readonly route: Route
  readonly key: string
  readonly groups: LaneGroup<Lane>[]
  readonly load: GoalLoad
  readonly holding: Holding
  /** Of the payloads of its open intents. */
  openBytes: number
  head: LaneHead | null
  /** Whether this commit changed the tallies. */
  touched: boolean
  /** Intents that this commit made ready. */
  readied: number
}

export const TALLY_OF = {
  [DELAYED]: 'open',
  [READY]: 'open',
  [CLAIMED]: 'claimed',
  [FULFILLED]: 'fulfilled',
  [DEAD]: 'dead',
} as const
export type StateCode = keyof typeof TALLY_OF

export const isWork = (tally: keyof Tally): tally is 'open' | 'claimed' =>
  tally === 'open' || tally === 'claimed'

export function headOf(row: HeadRow): LaneHead {
  return {
    priority: row.priority,
    runAt: row.run_at,
    attempts: row.attempts,
    sequence: row.n,
    expiresAt: row.expires_at,
  }
}
