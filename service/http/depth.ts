/** How many intents there are, as operators are shown it. */
import type { WireState } from '../intent/lifecycle.ts'
import type { Depth } from '../store/records.ts'

const NAMESPACES_SHOWN = 50

/** In all namespaces. */
export const total = (depth: readonly Depth[], state: WireState): number =>
  depth.reduce((sum, of) => sum + of[state], 0)

/** The namespaces with the most to do: whoever may publish may also invent namespaces, so there is an end to them. */
export const busiest = (depth: readonly Depth[]): Depth[] =>
  depth.toSorted((a, b) => b.open + b.claimed - (a.open + a.claimed)).slice(0, NAMESPACES_SHOWN)
