/** Jitter is uniform in [0, 2) s, so that intents that failed together do not come back together. */
export const JITTER_MS = 2000

/**
 * Milliseconds until the next attempt: `base * 2^attempts + jitter`.
 *
 * @param baseMs the intent's `backoff_base`, in ms
 * @param attempts claims so far, 1..20, the failed one included
 * @param jitterMs 0 ≤ jitter < {@link JITTER_MS}
 */
export function backoffMs(baseMs: number, attempts: number, jitterMs: number): number {
  return Math.round(baseMs * 2 ** attempts + jitterMs)
}
