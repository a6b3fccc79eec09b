/** A place that the kernel limits: what is asked of it, and what it tells. */

export type Limits = {
  /** Cores, as 0.1. */
  cpu: number | undefined
  memoryBytes: number | undefined
}

/** What the kernel counted. `null`: it does not say. */
export type Usage = {
  /** Periods of 100 ms in which it was held back, of those in which it ran at all. */
  throttledPeriods: number | null
  periods: number | null
  /** How long it was held back, in ms, summed over its threads. */
  throttledMs: number | null
  /** Processor time, in ms. */
  cpuMs: number | null
  peakMemoryBytes: number | null
  /** Times that it was killed for want of memory. */
  oomKills: number | null
}

/** A place that the kernel limits, for one bus after the other. */
export type Cage = {
  /** For people: `cgroup v1 (/sys/fs/cgroup/cpu/…)`. */
  by: string
  /** What is put before the command of the bus. */
  wrap(command: string[]): string[]
  /** The limits that hold for this process, as the kernel tells them. */
  limitsOf(pid: number): Limits
  usage(): Usage
  remove(): void
}

/** A kind of cage: it opens one, or says why it cannot. */
export type Jailer = (limits: Limits, name: string) => Cage | string
