/**
 * Phase 2: publishers and workers at the same time, and one record per job of all that was told about it. This file
 * knows when it is over; who publishes and who works are files of their own.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Access, BusClient, widelyHeard } from '../bus/bus-client.ts'
import type { BusTime } from '../bus/bus-time.ts'
import type { Job } from '../history.ts'
import { Counts } from '../measure/counts.ts'
import { Histogram } from '../measure/histogram.ts'
import type { Profile } from '../profiles.ts'
import { publishAll } from './publishers.ts'
import { type LeftOver, verify } from './verification.ts'
import { stuck } from './whereabouts.ts'
import { work } from './workers.ts'

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

export type LoadOutcome = {
  jobs: Job[]
  counts: Counts
  latencies: Latencies
  startedAt: number
  /** Of the last answer to a settle. */
  endedAt: number
  interrupted: boolean
  strangers: string[]
  leftOver: LeftOver
  /** Of the event loop of the harness, 0..1. */
  busyShare: number
  /** Why it was given up, if it was. */
  gaveUp: string | null
}

const LOOK_EVERY_MS = 100

/** @param progress called ten times a second */
export async function load(
  spec: LoadSpec,
  signal: AbortSignal,
  progress: (run: Run) => void = () => {},
): Promise<LoadOutcome> {
  const over = widelyHeard()
  const stop = () => over.abort()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  const run: Run = {
    spec,
    run: spec.namespace,
    padding: paddingOf(spec.payloadBytes),
    jobs: [],
    counts: new Counts(),
    latencies: {
      publish: new Histogram(),
      claim: new Histogram(),
      settle: new Histogram(),
      'end to end': new Histogram(),
    },
    strangers: [],
    over: over.signal,
    lastProgressAt: performance.now(),
  }
  const { profile, access, timeoutMs, waitS } = spec
  // In an open loop a slow bus gets more publishes at once, not fewer.
  const connections = spec.rate === null ? profile.publishers : Math.max(profile.publishers, 128)
  const publishing = new BusClient(access, connections, timeoutMs)
  const working = new BusClient(access, profile.workers, timeoutMs + waitS * 1000)
  const asking = new BusClient(access, 8, timeoutMs)

  const idleBefore = performance.eventLoopUtilization()
  const startedAt = performance.now()
  let isPublished = false
  const publishers = publishAll(run, publishing).then(() => {
    isPublished = true
  })
  const workers = Array.from({ length: profile.workers }, (_, i) => work(run, working, i))
  let gaveUp: string | null = null
  while (!over.signal.aborted) {
    await pause(run, LOOK_EVERY_MS)
    progress(run)
    if (!isPublished) continue
    const left = run.jobs.filter(job => job.publishedAt !== null && job.settledAt === null)
    if (left.length === 0) stop()
    else if (performance.now() - run.lastProgressAt > spec.quietMs) {
      gaveUp = await stuck(asking, left, run)
      if (gaveUp !== null) stop()
      await pause(run, spec.quietMs)
    }
  }
  await Promise.all([publishers, ...workers])
  const { utilization } = performance.eventLoopUtilization(idleBefore)
  progress(run)

  const leftOver = spec.verify && !signal.aborted ? await verify(run, asking) : null
  signal.removeEventListener('abort', stop)
  await Promise.all([publishing.close(), working.close(), asking.close()])
  const ends = run.jobs.flatMap(({ settledAt, publishedAt }) => settledAt ?? publishedAt ?? [])
  return {
    jobs: run.jobs,
    counts: run.counts,
    latencies: run.latencies,
    startedAt,
    endedAt: ends.reduce((last, at) => Math.max(last, at), startedAt),
    interrupted: signal.aborted,
    strangers: run.strangers,
    leftOver,
    busyShare: utilization,
    gaveUp,
  }
}

const paddingOf = (bytes: number): string => 'stress test '.repeat(Math.ceil(bytes / 12)).slice(0, bytes)

/** Waits, but not beyond the end of the run. @returns false when that came */
export async function pause(run: Run, ms: number): Promise<boolean> {
  await sleep(ms, undefined, { signal: run.over }).catch(() => undefined)
  return !run.over.aborted
}

/** How long to stay away after a reply that is no success, in ms. @param tries how many there were in a row, 1.. */
export function stayAwayMs(retryAfter: number | null, tries: number): number {
  return retryAfter !== null ? retryAfter * 1000 : Math.min(2000, 50 * 2 ** tries)
}
