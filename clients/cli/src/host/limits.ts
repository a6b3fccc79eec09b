import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Finding } from '../doctor/finding.ts'
import type { Host } from './host.ts'

/** What the bus has open besides connections: the database, its log, the sockets it listens on. */
const OWN_FILES = 64

/** Of the bus that runs here, else of this shell, which would hand its own on. Linux alone tells. */
export function openFilesFinding({ database, config }: Host): Finding {
  const pid = holderOf(database)
  const most = (pid === null ? null : softLimit(`/proc/${pid}/limits`)) ?? softLimit('/proc/self/limits')
  return openFilesOf(most, config.values.BUS_MAX_CONNECTIONS, pid !== null)
}

export function openFilesOf(most: number | null, connections: number, running: boolean): Finding {
  const check = 'open files'
  if (most === null) return { check, state: 'skipped', detail: 'this system does not say' }
  const whose = running ? 'the bus may have' : 'a bus started from here may have'
  const wanted = connections + OWN_FILES
  if (most >= wanted) return { check, state: 'ok', detail: `${whose} ${most}` }
  const detail = `${whose} ${most}, and BUS_MAX_CONNECTIONS=${connections} needs ${wanted}`
  return {
    check,
    state: 'warning',
    detail,
    cure: `ulimit -n ${wanted}, or LimitNOFILE=${wanted} in its unit; or fewer connections.`,
  }
}

function softLimit(path: string): number | null {
  try {
    const soft = /^Max open files\s+(\S+)/m.exec(readFileSync(path, 'utf8'))?.[1]
    return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft) || null
  } catch {
    return null
  }
}

/** The process that has the database open, if it says so and is on this machine. */
function holderOf(database: string): number | null {
  try {
    const [, pid, host] = /^process (\d+) on (\S+),/.exec(readFileSync(`${database}.holder`, 'utf8')) ?? []
    return host === hostname() ? Number(pid) : null
  } catch {
    return null
  }
}

const MIB = 1024 * 1024
/** A bus at rest takes about 110 MiB. */
const LEAST_MIB = 192

/** @param bytes the limit of the container or unit, as Node sees it; 0 or more than any machine has: there is none */
export function memoryFinding(bytes: number): Finding {
  const check = 'memory'
  const mib = Math.round(bytes / MIB)
  if (bytes === 0 || bytes > 2 ** 50) return { check, state: 'ok', detail: 'no limit but the machine’s' }
  if (mib >= LEAST_MIB) return { check, state: 'ok', detail: `limited to ${mib} MiB` }
  const detail = `limited to ${mib} MiB; a bus at rest takes about 110`
  return {
    check,
    state: 'warning',
    detail,
    cure: `Give it ${LEAST_MIB} MiB or more: mem_limit, MemoryMax or --memory.`,
  }
}
