/**
 * Phase 2: publishers and workers at the same time, and one record per job of all that was told about it. This file
 * knows when it is over; who publishes and who works are files of their own.
 */
import { BusClient, widelyHeard } from '../bus/bus-client.ts'
import type { Job } from '../history.ts'
import { Counts } from '../measure/counts.ts'
import { Histogram } from '../measure/histogram.ts'
import { type Latencies, type LoadSpec, pause, type Run } from './load-run.ts'
import { publishAll } from './publishers.ts'
import { type LeftOver, verify } from './verification.ts'
import { stuck } from './whereabouts.ts'
import { work } from './workers.ts'

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
