/** When a request is sent again, and how long after. */
import { BusError, UnexpectedAnswerError, UnreachableError } from './errors.ts'

const PASSING_STATUSES = [408, 429]
/** What the bus says before it does anything. */
const NOTHING_DONE_STATUSES = [429, 503]

/** Whether waiting may mend it: no answer, not now, or a proxy whose bus is away. */
export function isPassing(error: unknown): boolean {
  if (error instanceof UnreachableError) return true
  if (!(error instanceof BusError || error instanceof UnexpectedAnswerError)) return false
  // Proxies have 5xx of their own: a Cloudflare tunnel whose bus is away answers 530. What is not to be had (501) never will be.
  return (error.status >= 500 && error.status !== 501) || PASSING_STATUSES.includes(error.status)
}

/** A signature was refused for its time alone: the clock of this machine is off, as that of a Pi is until NTP has set it. */
export const isStale = (error: unknown): boolean =>
  error instanceof BusError && error.code === 'invalid_signature' && error.message.startsWith('Stale')

/** Whether it is sure that nothing came of it. `storage_failed` is not: after a crash, it may be there. */
export function didNothing(error: unknown): boolean {
  return (
    error instanceof BusError &&
    NOTHING_DONE_STATUSES.includes(error.status) &&
    !error.code.startsWith('storage_')
  )
}

const FIRST_DELAY_MS = 250
const LONGEST_DELAY_MS = 15_000
const LONGEST_RETRY_AFTER_MS = 60_000

/**
 * Exponential with half of it jitter, so that a thousand clients of a bus that was restarted don't all come back at once.
 * What the bus said itself is a least: never earlier, and a little later for the same reason.
 *
 * @param tries how many went wrong, from 1
 * @param random uniform in [0, 1)
 * @returns milliseconds
 */
export function delayBefore(tries: number, error: unknown, random: number): number {
  const grown = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (tries - 1))
  const own = grown / 2 + (grown / 2) * random
  const asked = error instanceof BusError ? error.retryAfter : undefined
  if (asked === undefined) return own
  return Math.min(LONGEST_RETRY_AFTER_MS, asked * 1000) + Math.min(own, 1000) * random
}
