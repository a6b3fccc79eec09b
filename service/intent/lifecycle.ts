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
  cancelledByPublisher: 'Cancelled by publisher',
  retried: 'Retried by admin',
  retriedByPublisher: 'Retried by publisher',
  expired: 'expired',
} as const

/** What made an intent a dead letter. Its reason is the text of what ended it, and can be anything a worker says. */
export const CAUSES = ['max_retries', 'cancelled', 'expired'] as const
export type Cause = (typeof CAUSES)[number]

/** What became of an intent for good. */
export type Death = { cause: Cause; reason: string }

/** What the bus itself writes as the last error of an intent that has another attempt. */
const OWN_ERRORS: readonly (string | null)[] = [
  null,
  REASON.leaseExpired,
  REASON.retried,
  REASON.retriedByPublisher,
]

/**
 * The error of an intent's last `/fail`.
 *
 * @param lastError what `/status` shows
 * @param kept the one that a lease which ran out has replaced there; `null`: none
 */
export function errorOfLastFail(lastError: string | null, kept: string | null): string | null {
  return OWN_ERRORS.includes(lastError) ? kept : lastError
}

/** Whether an attempt that did not succeed leaves another one. `attempts` counts the one that just ended. */
export function hasAttemptsLeft(attempts: number, maxAttempts: number): boolean {
  return attempts < maxAttempts
}
