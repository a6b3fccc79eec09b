/** How numbers are said, in the terminal and on the page. */
import type { BusResult, LoadResult, Result } from './result.ts'

/** Three digits, and the unit in which they are read at a glance: `0.84 ms`, `27.3 ms`, `4.50 s`. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return '–'
  if (ms >= 120_000) return `${(ms / 60_000).toFixed(1)} min`
  return ms >= 1000 ? `${digits(ms / 1000)} s` : `${digits(ms)} ms`
}

/** A round length of time: `50 ms`, `1 s`. */
export const interval = (seconds: number): string =>
  seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds} s`

/** Three digits, more only before the point. */
export function digits(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en-GB')
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

export const whole = (value: number): string => value.toLocaleString('en-GB')
export const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`

/** Errors by kind, those that happened first. */
export const errorRows = ({ counts }: LoadResult): [name: string, count: number][] => [
  ['network errors', counts.networkErrors],
  ['lease losses', counts.leaseLosses],
  ['publish rejects', counts.publishRejects],
  ['rate limits (429)', counts.rateLimits],
  ['overloads (503)', counts.overloads],
  ['others', counts.others],
]

export const errorsIn = (load: LoadResult): number =>
  errorRows(load).reduce((sum, [, count]) => sum + count, 0)

export function profileWords({ profile, options }: Result): string {
  const { publishers, workers, jobs } = profile
  const how = [
    options.batch > 1 ? `claims of up to ${options.batch}` : 'single claims',
    ...(options.waitSeconds > 0 ? [`long polls of ${options.waitSeconds} s`] : []),
    ...(options.ratePerSecond === null ? [] : [`${options.ratePerSecond} publishes a second by a timetable`]),
    ...(options.workMs > 0 ? [`${options.workMs} ms of work`] : []),
    ...(options.signed ? ['signed'] : []),
  ]
  return `${publishers} publishers, ${workers} workers, ${whole(jobs)} jobs; ${how.join(', ')}`
}

export const claimNote = ({ options }: Result): string =>
  options.waitSeconds > 0 ? 'claim has the wait for work in it' : ''

export function limitWords({ process }: BusResult): string | null {
  const limits = process?.limits
  if (limits == null) return null
  return [
    ...(limits.cpu === undefined ? [] : [`${limits.cpu} of a core`]),
    ...(limits.memoryBytes === undefined ? [] : [`${Math.round(limits.memoryBytes / 2 ** 20)} MiB`]),
  ].join(', ')
}

/** What the bus used, where the harness started it. */
export function processWords(bus: BusResult): string[] {
  const { process } = bus
  if (process === null) return []
  const { startMs, peakResidentBytes, cpuMs, limits } = process
  const usage = limits?.usage
  return [
    `ready ${startMs.map(duration).join(', then ')} after its start`,
    ...(peakResidentBytes === null ? [] : [`at most ${megabytes(peakResidentBytes)} resident`]),
    ...(cpuMs === null ? [] : [`${duration(cpuMs)} of processor time`]),
    ...(usage?.throttledPeriods == null || !usage.periods
      ? []
      : [`held back in ${Math.round((100 * usage.throttledPeriods) / usage.periods)} % of its time slices`]),
    ...(usage?.oomKills ? [`killed for want of memory ${usage.oomKills} times`] : []),
  ]
}

/** How much of a result may be the harness's own. */
export function harnessWords({ ceiling }: Result, load: LoadResult): string {
  const busy = `busy ${load.harnessBusyPercent} % of the time`
  if (ceiling === null) return busy
  const share = Math.round((100 * load.jobsPerSecond) / ceiling.jobsPerSecond)
  return `${busy}; against a bus that does nothing it makes ${digits(ceiling.jobsPerSecond)} jobs/s, of which this is ${share} %`
}

/** Whether the harness, and not the bus, may have set the pace. */
export const isHarnessTheBottleneck = ({ ceiling }: Result, load: LoadResult): boolean =>
  load.harnessBusyPercent > 85 || (ceiling !== null && load.jobsPerSecond > 0.7 * ceiling.jobsPerSecond)
