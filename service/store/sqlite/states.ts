import type { State } from '../../intent/lifecycle.ts'

/** The `state` column. SQL in this folder spells the numbers out, because a bound value cannot pick a partial index. */
export const DELAYED = 0
export const READY = 1
export const CLAIMED = 2
export const FULFILLED = 3
export const DEAD = 4

export const STATE_NAMES: readonly State[] = ['delayed', 'ready', 'claimed', 'fulfilled', 'dead']
