/** How much is asked of the bus. The four that are published, and what was published about them. */

export type Profile = {
  name: string
  /** Who claims and settles, at the same time. */
  workers: number
  /** Who publishes, at the same time as they work. */
  publishers: number
  jobs: number
}

/** Half as many publishers as workers: a worker has two calls to make for each one of a publisher. */
export const profileOf = (name: string, workers: number, jobs: number): Profile => ({
  name,
  workers,
  publishers: Math.max(1, Math.ceil(workers / 2)),
  jobs,
})

export const PROFILES = {
  low: profileOf('low', 5, 50),
  medium: profileOf('medium', 15, 500),
  heavy: profileOf('heavy', 40, 2000),
  extreme: profileOf('extreme', 100, 5000),
} as const

export const PROFILE_NAMES = [...Object.keys(PROFILES), 'custom']

/** Jobs per second, as published for the protocol's reference, with jobs that took their workers some time. */
export const PUBLISHED = [
  { where: 'Render container', jobsPerSecond: 14.18 },
  { where: 'Android phone', jobsPerSecond: 28.04 },
  { where: 'Android phone, second run', jobsPerSecond: 18.52 },
] as const
