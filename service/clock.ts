/** Bus time: milliseconds since the Unix epoch that never run backwards. Everything that waits takes its time from here. */
export interface Clock {
  /** Whole milliseconds. */
  now(): number
  /** Calls `wake` once, `ms` from now (at least 0). Returns what calls it off. A waiting wake-up does not keep the process alive. */
  after(ms: number, wake: () => void): () => void
}

// setTimeout's own ceiling; a longer wait would fire at once.
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

/**
 * Wall time, read once, and from then on the monotonic clock: a machine whose clock is set back or forward while
 * the bus runs neither ends live leases nor freezes retries.
 *
 * @param notBefore the latest bus time the store has seen. A machine that comes up with its clock in the past
 * (a Raspberry Pi without a battery does) goes on from there, or yesterday's leases would last until tomorrow.
 */
export function systemClock(notBefore = 0): Clock {
  const anchor = Math.max(Date.now(), notBefore) - performance.now()
  return {
    now: () => Math.floor(anchor + performance.now()),
    after(ms, wake) {
      const timer = setTimeout(wake, Math.min(Math.max(ms, 0), LONGEST_TIMEOUT_MS))
      timer.unref()
      return () => clearTimeout(timer)
    },
  }
}
