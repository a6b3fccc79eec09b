import type { Seen } from '../../../service/test/crash/history.ts'

/**
 * A history as a backup may know it: what was acknowledged before it was asked for stands; what came later may be in it
 * or not.
 *
 * @param mark when it was asked for, on the clock of the history (ms)
 */
export function knownBy(seen: readonly Seen[], mark: number): Seen[] {
  return seen.flatMap((event): Seen[] => {
    if (event.answeredAt <= mark) return [event]
    // Whoever got a claim, a replay or a conflict later learned nothing about then.
    if (!('outcome' in event)) return []
    if (event.outcome === 'refused') return []
    return [{ ...event, outcome: 'unknown' }]
  })
}
