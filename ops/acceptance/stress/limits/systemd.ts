import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Cage, Limits, Usage } from './cage.ts'
import { limitsOfGroup, usageOfGroup } from './cgroup-2.ts'
import { groupOf } from './group-files.ts'

const ROOT = '/sys/fs/cgroup'

/** A transient scope: systemd makes the group, and takes it away when the last process has left it. */
export function systemdScope(limits: Limits, name: string): Cage | string {
  const why = (text: string) => `systemd-run: ${text}`
  if (!existsSync('/run/systemd/system')) return why('systemd does not run here')
  if (!existsSync(`${ROOT}/cgroup.controllers`)) return why('it does not use cgroup v2 here')
  const own = process.getuid?.() === 0 ? [] : ['--user']
  const properties = [
    ...(limits.cpu === undefined ? [] : ['-p', `CPUQuota=${limits.cpu * 100}%`]),
    ...(limits.memoryBytes === undefined
      ? []
      : ['-p', `MemoryMax=${limits.memoryBytes}`, '-p', 'MemorySwapMax=0']),
  ]
  const scope = (unit: string) => [
    'systemd-run',
    ...own,
    '--scope',
    '--quiet',
    '--collect',
    `--unit=${unit}`,
    ...properties,
  ]
  const tried = spawnSync(scope(`${name}-try`)[0]!, [...scope(`${name}-try`).slice(1), 'true'], {
    encoding: 'utf8',
  })
  if (tried.status !== 0)
    return why(tried.error?.message ?? tried.stderr.trim().split('\n')[0] ?? 'it failed')
  let starts = 0
  let directory: string | null = null
  let last: Usage | null = null
  return {
    by: `systemd-run ${[...own, '--scope'].join(' ')}`,
    // A scope ends with its process, so each start of the bus is one of its own.
    wrap: command => {
      starts += 1
      directory = null
      return [...scope(`${name}-${starts}`), ...command]
    },
    limitsOf: pid => {
      directory = `${ROOT}${groupOf(pid, '')}`
      return limitsOfGroup(directory)
    },
    usage: () => {
      const now = directory === null ? null : usageOfGroup(directory)
      if (now !== null && now.periods !== null) last = now
      return last ?? NOTHING
    },
    remove: () => {},
  }
}

const NOTHING: Usage = {
  throttledPeriods: null,
  periods: null,
  throttledMs: null,
  cpuMs: null,
  peakMemoryBytes: null,
  oomKills: null,
}
