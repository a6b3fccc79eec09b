/** What a run comes to: the JSON file, and what the table and the page are made from. */
import { cpus, loadavg, totalmem } from 'node:os'
import type { OwnBusReport } from '../bus/own-bus.ts'
import type { Ceiling } from '../ceiling.ts'
import { Histogram, round, type Summary } from '../measure/histogram.ts'
import type { Phase } from '../phases/check.ts'
import type { LoadOutcome } from '../phases/load.ts'
import type { Latencies } from '../phases/load-run.ts'
import type { Profile } from '../profiles.ts'

export const LATENCY_NAMES = ['publish', 'claim', 'settle', 'end to end'] as const
export type LatencyName = (typeof LATENCY_NAMES)[number]

type Moment = {
  /** Seconds since the start, of the beginning of the interval. */
  at: number
  published: number
  settled: number
  errors: number
  /** End to end, in ms, of what was settled in it; `null` of nothing. */
  p50: number | null
  p99: number | null
}

export type LoadResult = {
  /** That were asked for; of a run that was stopped, those that were published until then. */
  jobs: number
  published: number
  settled: number
  /** Of these jobs, in percent. */
  successPercent: number
  seconds: number
  jobsPerSecond: number
  /** One per turn. */
  turns: number[]
  latencyMs: Record<LatencyName, Summary>
  /** `[ms, count]`. */
  histograms: Record<LatencyName, [number, number][]>
  counts: {
    claims: number
    emptyClaims: number
    networkErrors: number
    leaseLosses: number
    publishRejects: number
    rateLimits: number
    overloads: number
    others: number
  }
  errorKinds: Record<string, number>
  /** Seconds of each interval of the timeline. */
  interval: number
  timeline: Moment[]
  /** Of the event loop of the harness, in percent. */
  harnessBusyPercent: number
}

export type BusResult = {
  url: string
  startedHere: boolean
  version: string | null
  phases: Phase[]
  load: LoadResult | null
  process: OwnBusReport | null
  /** What stays behind on it, in words. */
  left: string
}

export type Ratio = { what: string; median: number; least: number; most: number }

export type Result = {
  format: 'intent-bus stress 1'
  startedAt: string
  passed: boolean
  interrupted: boolean
  command: string
  profile: Profile
  options: {
    batch: number
    waitSeconds: number
    ratePerSecond: number | null
    payloadBytes: number
    workMs: number
    timeoutSeconds: number
    signed: boolean
  }
  machine: {
    cores: number
    cpu: string
    memoryBytes: number
    /** Of the minute before the start: above the cores, others were at work. */
    loadAverage: number
    node: string
    platform: string
    note: string | null
  }
  /** Jobs per second against a bus that does nothing. */
  ceiling: Ceiling | null
  buses: BusResult[]
  /** Second against first. */
  ratios: Ratio[]
  published: readonly { where: string; jobsPerSecond: number }[]
}

export const machine = (note: string | null): Result['machine'] => ({
  cores: cpus().length,
  cpu: cpus()[0]?.model.trim() || 'unknown',
  memoryBytes: totalmem(),
  loadAverage: round(loadavg()[0]!),
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  note,
})

/** The turns of one bus, put together. @param jobs of one turn */
export function loadResult(outcomes: readonly LoadOutcome[], jobs: number): LoadResult | null {
  if (outcomes.length === 0) return null
  const latencies = Object.fromEntries(LATENCY_NAMES.map(name => [name, new Histogram()])) as Latencies
  for (const outcome of outcomes)
    for (const name of LATENCY_NAMES) latencies[name].add(outcome.latencies[name])
  const sum = (of: (outcome: LoadOutcome) => number) => outcomes.reduce((total, each) => total + of(each), 0)
  const settled = sum(settledIn)
  const asked = sum(outcome => (outcome.interrupted ? publishedIn(outcome) : jobs))
  const seconds = sum(secondsOf)
  const errorKinds: Record<string, number> = {}
  for (const { counts } of outcomes) {
    for (const [kind, count] of Object.entries(counts.kinds))
      errorKinds[kind] = (errorKinds[kind] ?? 0) + count
  }
  const interval = intervalFor(seconds)
  return {
    jobs: asked,
    published: sum(publishedIn),
    settled,
    // Down, never up: 99.996 is not all of them.
    successPercent: asked === 0 ? 0 : Math.floor((settled * 10_000) / asked) / 100,
    seconds: round(seconds),
    jobsPerSecond: round(seconds === 0 ? 0 : settled / seconds),
    turns: outcomes.map(outcome => round(speedOf(outcome))),
    latencyMs: byName(name => latencies[name].summary()),
    histograms: byName(name => latencies[name].buckets()),
    counts: {
      claims: sum(({ counts }) => counts.claimed),
      emptyClaims: sum(({ counts }) => counts.empty),
      networkErrors: sum(({ counts }) => counts.networkErrors),
      leaseLosses: sum(({ counts }) => counts.leaseLosses),
      publishRejects: sum(({ counts }) => counts.publishRejects),
      rateLimits: sum(({ counts }) => counts.rateLimits),
      overloads: sum(({ counts }) => counts.overloads),
      others: sum(({ counts }) => counts.others),
    },
    errorKinds,
    interval,
    timeline: timelineOf(outcomes, interval),
    harnessBusyPercent: Math.round((100 * sum(outcome => outcome.busyShare)) / outcomes.length),
  }
}

const byName = <T>(of: (name: LatencyName) => T) =>
  Object.fromEntries(LATENCY_NAMES.map(name => [name, of(name)])) as Record<LatencyName, T>

const settledIn = ({ jobs }: LoadOutcome): number => jobs.filter(job => job.settledAt !== null).length
const publishedIn = ({ jobs }: LoadOutcome): number => jobs.filter(job => job.publishedAt !== null).length
const secondsOf = ({ startedAt, endedAt }: LoadOutcome): number => (endedAt - startedAt) / 1000
const speedOf = (outcome: LoadOutcome): number =>
  outcome.endedAt === outcome.startedAt ? 0 : settledIn(outcome) / secondsOf(outcome)

/** Some sixty of them, of a length that can be said. */
function intervalFor(seconds: number): number {
  const steps = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60]
  return steps.find(step => seconds / step <= 60) ?? 300
}

/** Turns one after the other, as if nothing had been between them. */
function timelineOf(outcomes: readonly LoadOutcome[], interval: number): Moment[] {
  const moments: (Moment & { latencies: Histogram })[] = []
  let before = 0
  for (const { jobs, counts, startedAt, endedAt } of outcomes) {
    const offset = before
    const momentAt = (at: number) => {
      const index = Math.max(0, Math.floor((offset + (Math.min(at, endedAt) - startedAt) / 1000) / interval))
      for (let i = moments.length; i <= index; i += 1) {
        const latencies = new Histogram()
        moments.push({
          at: round(i * interval),
          published: 0,
          settled: 0,
          errors: 0,
          p50: null,
          p99: null,
          latencies,
        })
      }
      return moments[index]!
    }
    for (const { publishedAt, settledAt, intendedAt } of jobs) {
      if (publishedAt !== null) momentAt(publishedAt).published += 1
      if (settledAt === null) continue
      const moment = momentAt(settledAt)
      moment.settled += 1
      moment.latencies.record(settledAt - intendedAt)
    }
    for (const at of counts.errorTimes) momentAt(at).errors += 1
    before += (endedAt - startedAt) / 1000
  }
  return moments.map(({ latencies, ...moment }) =>
    latencies.count === 0
      ? moment
      : { ...moment, p50: round(latencies.percentile(0.5)), p99: round(latencies.percentile(0.99)) },
  )
}

/** Each turn of the second against the same turn of the first, because the machine is not the same for long. */
export function ratiosOf(first: readonly LoadOutcome[], second: readonly LoadOutcome[]): Ratio[] {
  const ratio = (what: string, of: (outcome: LoadOutcome) => number): Ratio[] => {
    const each = second
      .flatMap((outcome, i) => (first[i] === undefined ? [] : [of(outcome) / of(first[i])]))
      .filter(Number.isFinite)
      .sort((a, b) => a - b)
    if (each.length === 0) return []
    const middle = each.length >> 1
    const median = each.length % 2 === 1 ? each[middle]! : (each[middle - 1]! + each[middle]!) / 2
    return [{ what, median: round(median), least: round(each[0]!), most: round(each.at(-1)!) }]
  }
  return [
    ...ratio('jobs/s', speedOf),
    ...LATENCY_NAMES.flatMap(name => [
      ...ratio(`${name} p50`, ({ latencies }) => latencies[name].percentile(0.5)),
      ...ratio(`${name} p99`, ({ latencies }) => latencies[name].percentile(0.99)),
    ]),
  ]
}
