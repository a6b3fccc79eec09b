import { setTimeout as sleep } from 'node:timers/promises'

/** The time of a bus, which need not be that of this machine. */
export type BusTime = {
  /** Unix ms. */
  now(): number
  /** Ends at once when the signal fires. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

/** @param aheadMs how far the clock of the bus is ahead of ours */
export const realTime = (aheadMs: number): BusTime => ({
  now: () => Date.now() + aheadMs,
  wait: async (ms, signal) => {
    await sleep(ms, undefined, { signal }).catch(() => undefined)
  },
})
