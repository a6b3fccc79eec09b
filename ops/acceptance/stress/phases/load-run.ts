/** One load on its way: what was asked for, and what publishers and workers write down of it together. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Access } from '../bus/bus-client.ts'
import type { BusTime } from '../bus/bus-time.ts'
import type { Job } from '../history.ts'
import type { Counts } from '../measure/counts.ts'
import type { Histogram } from '../measure/histogram.ts'
import type { Profile } from '../profiles.ts'

export const GOAL = 'stress'

export type LoadSpec = {
  access: Access
  profile: Profile
  namespace: string
  /** Intents per claim, 1..100; 1 is the single form. */
  batch: number
  /** Seconds of long poll, 0..60. */
  waitS: number
  /** Publishes per second by a timetable, whatever the bus does; `null`: each publisher when its last one is answered. */
  rate: number | null
  payloadBytes: number
  /** How long a worker works on a job, in ms. */
  workMs: number
  timeoutMs: number
  time: BusTime
  /** No settle and no publish for so long makes it look where the rest is. */
  quietMs: number
  /** Whether the bus is asked afterwards how it sees it. */
  verify: boolean
}

export type Latencies = Record<'publish' | 'claim' | 'settle' | 'end to end', Histogram>

export type Run = {
  spec: LoadSpec
  /** What payloads of this run carry. */
  run: string
  padding: string
  jobs: Job[]
  counts: Counts
  latencies: Latencies
  /** Payloads that are of no job of this run. */
  strangers: string[]
  /** Aborted when there is nothing left to do, or no wish to. */
  over: AbortSignal
  lastProgressAt: number
}

/** Waits, but not beyond the end of the run. @returns false when that came */
export async function pause(run: Run, ms: number): Promise<boolean> {
  await sleep(ms, undefined, { signal: run.over }).catch(() => undefined)
  return !run.over.aborted
}

/** How long to stay away after a reply that is no success, in ms. @param tries how many there were in a row, 1.. */
export function stayAwayMs(retryAfter: number | null, tries: number): number {
  return retryAfter !== null ? retryAfter * 1000 : Math.min(2000, 50 * 2 ** tries)
}
