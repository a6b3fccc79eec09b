import { closeSync, fdatasyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Finding } from '../doctor/finding.ts'
import type { Host } from './host.ts'

const WRITES = 50
const PAGE_BYTES = 4096
/** A job that is published, claimed and fulfilled by itself waits for so many commits. */
const SYNCS_PER_JOB = 3
const SLOW_MS = 20
/** The slowest of the writes; beyond it even a batch keeps its client waiting. */
const STALL_MS = 500

/** Writes and syncs as a commit does, in the place where the commits go. The file is gone afterwards. */
export async function syncFinding(dataDir: string): Promise<Finding> {
  const check = 'disk sync'
  const path = join(dataDir, `.doctor-${process.pid}`)
  try {
    const times = syncTimes(path)
    return latencyFinding(times)
  } catch (error) {
    const cure = `Run it as the user of the bus, who must be able to write there: ls -ld ${dataDir}`
    return { check, state: 'failed', detail: `nothing can be written: ${(error as Error).message}`, cure }
  }
}

function syncTimes(path: string): number[] {
  const page = Buffer.alloc(PAGE_BYTES, 1)
  const file = openSync(path, 'wx', 0o600)
  try {
    return Array.from({ length: WRITES }, () => {
      const from = performance.now()
      writeSync(file, page)
      fdatasyncSync(file)
      return performance.now() - from
    })
  } finally {
    closeSync(file)
    rmSync(path)
  }
}

/** @param times of single writes with their sync, in ms */
export function latencyFinding(times: readonly number[]): Finding {
  const check = 'disk sync'
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
  const [p50, p99] = [at(0.5), at(0.99)]
  const perSecond = Math.max(1, Math.round(1000 / (SYNCS_PER_JOB * p50)))
  const detail = `p50 ${shown(p50)}, p99 ${shown(p99)} of ${times.length}: about ${perSecond} jobs/s one after the other, more side by side`
  if (p50 <= SLOW_MS && p99 <= STALL_MS) return { check, state: 'ok', detail }
  const cure =
    'Put the data on an SSD and not on an SD card or a network disk (BUS_DB_PATH). Batches share a sync: docs/long-poll-and-batches.md.'
  return { check, state: 'warning', detail, cure }
}

const shown = (ms: number): string => `${ms < 10 ? ms.toFixed(2) : Math.round(ms)} ms`

/** What Linux calls file systems on which the bus cannot keep its promise, by the number that `statfs` gives. */
const UNFIT: Record<number, [name: string, what: 'memory' | 'network' | 'layer']> = {
  16914836: ['tmpfs', 'memory'],
  2240043254: ['ramfs', 'memory'],
  26985: ['NFS', 'network'],
  20859: ['SMB', 'network'],
  4283649346: ['CIFS', 'network'],
  4266872130: ['SMB2', 'network'],
  16914839: ['9p', 'network'],
  12805120: ['CephFS', 'network'],
  1702057286: ['FUSE', 'network'],
  2035054128: ['overlay', 'layer'],
}
const UNFIT_HOW = {
  memory: [
    'failed',
    'it is gone when the machine stops',
    'Put the data on a disk: BUS_DB_PATH, or a volume that is mounted there.',
  ],
  network: [
    'warning',
    'locks and syncs may not be what they seem there',
    'Put the data on a disk of this machine: BUS_DB_PATH.',
  ],
  layer: [
    'warning',
    'the writable layer of a container goes with the container',
    'Mount a volume at the data directory.',
  ],
} as const

export const fileSystemFinding = ({ dataDir }: Host): Finding => fileSystemOf(statfsSync(dataDir).type)

/** @param type as `statfs` gives it */
export function fileSystemOf(type: number): Finding {
  const check = 'file system'
  const unfit = UNFIT[type >>> 0]
  if (unfit === undefined)
    return { check, state: 'ok', detail: 'on a disk of this machine, as far as can be seen' }
  const [name, what] = unfit
  const [state, why, cure] = UNFIT_HOW[what]
  return { check, state, detail: `the data is on ${name}: ${why}`, cure }
}

export function roomFinding({ dataDir, database, config }: Host): Finding {
  const disk = statfsSync(dataDir)
  const size = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0
  return roomOf(
    disk.bavail * disk.bsize,
    size(database) + size(`${database}-wal`),
    config.values.BUS_MIN_FREE_DISK_BYTES,
  )
}

/** @param least below which the bus takes no new intents and values */
export function roomOf(free: number, used: number, least: number): Finding {
  const check = 'disk room'
  const detail = `${mib(free)} free, the database has ${mib(used)}`
  const cure = 'Make room, or move the data (BUS_DB_PATH). Shorter BUS_…_RETENTION_SECONDS keep it smaller.'
  if (free < least) {
    return {
      check,
      state: 'failed',
      detail: `${detail}; below ${mib(least)} the bus takes no new intents and values (BUS_MIN_FREE_DISK_BYTES)`,
      cure,
    }
  }
  if (free < used) {
    return { check, state: 'warning', detail: `${detail}: no room for a copy, which an upgrade makes`, cure }
  }
  return { check, state: 'ok', detail }
}

const mib = (bytes: number): string => {
  const mebi = bytes / 1024 / 1024
  return mebi >= 10_240
    ? `${Math.round(mebi / 1024)} GiB`
    : `${mebi < 10 ? mebi.toFixed(1) : Math.round(mebi)} MiB`
}
