/**
 * The states of an intent and the moves between them.
 *
 *   open ──claim──▶ claimed ──fulfil──▶ fulfilled
 *    ▲                │ fail, or the lease ran out
 *    └──── retry ◀────┤ attempts left
 *                     └──▶ dead   no attempts left; archived as a dead letter
 *
 * The wire knows four states. A store splits `open` in two, `delayed` (not due yet) and `ready`, so that
 * looking for work never passes over what is not due.
 */
export type WireState = 'open' | 'claimed' | 'fulfilled' | 'dead'
export type State = 'delayed' | 'ready' | 'claimed' | 'fulfilled' | 'dead'

export const WIRE_STATES: readonly WireState[] = ['open', 'claimed', 'fulfilled', 'dead']

/** What the wire knows as open. */
export const OPEN_STATES = ['delayed', 'ready'] as const satisfies readonly State[]

export function wireState(state: State): WireState {
  return state === 'delayed' || state === 'ready' ? 'open' : state
}

/** Texts that clients and dashboards match on; fixed by the protocol. */
export const REASON = {
  unknown: 'unknown',
  leaseExpired: 'Lease expired. Backing off.',
  maxRetries: 'Max retries exceeded',
  cancelled: 'Cancelled by admin',
  retried: 'Retried by admin',
  expired: 'expired',
} as const

/** Whether an attempt that did not succeed leaves another one. `attempts` counts the one that just ended. */
export function hasAttemptsLeft(attempts: number, maxAttempts: number): boolean {
  return attempts < maxAttempts
}
