import { existsSync } from 'node:fs'
import type { Cage, Limits, Usage } from './cage.ts'
import { enterThen, field, groupOf, makeGroup, number, PERIOD_US, removeGroup } from './group-files.ts'

const ROOT = '/sys/fs/cgroup'

/** A group per controller, as kernels had it before 2016 and some containers have it still. */
export function cgroup1(limits: Limits, name: string): Cage | string {
  const why = (text: string) => `cgroup v1: ${text}`
  const cpu = `${ROOT}/cpu`
  const memory = `${ROOT}/memory`
  const needed = [
    ...(limits.cpu === undefined ? [] : [cpu]),
    ...(limits.memoryBytes === undefined ? [] : [memory]),
  ]
  const missing = needed.find(directory => !existsSync(`${directory}/cgroup.procs`))
  if (missing !== undefined) return why(`there is no ${missing}`)
  const made: string[] = []
  const make = (root: string, values: Record<string, string>): string | null => {
    const refusal = makeGroup(`${root}/${name}`, values)
    if (refusal === null) made.push(`${root}/${name}`)
    return refusal === null ? null : `${root} cannot be written (${refusal})`
  }
  const refusal =
    (limits.cpu === undefined
      ? null
      : make(cpu, {
          'cpu.cfs_period_us': `${PERIOD_US}`,
          'cpu.cfs_quota_us': `${Math.round(limits.cpu * PERIOD_US)}`,
        })) ??
    (limits.memoryBytes === undefined
      ? null
      : make(memory, { 'memory.limit_in_bytes': `${limits.memoryBytes}` }))
  const remove = () => made.forEach(removeGroup)
  if (refusal !== null) {
    remove()
    return why(refusal)
  }
  return {
    by: `cgroup v1 (${made.join(', ')})`,
    wrap: command => enterThen(made, command),
    limitsOf: pid => limitsOf(pid),
    usage: () => usage(`${cpu}/${name}`, `${memory}/${name}`),
    remove,
  }
}

function limitsOf(pid: number): Limits {
  const cpu = `${ROOT}/cpu${groupOf(pid, 'cpu')}`
  const quota = number(`${cpu}/cpu.cfs_quota_us`)
  const period = number(`${cpu}/cpu.cfs_period_us`)
  return {
    cpu: quota === null || period === null || quota < 0 ? undefined : quota / period,
    memoryBytes: number(`${ROOT}/memory${groupOf(pid, 'memory')}/memory.limit_in_bytes`) ?? undefined,
  }
}

function usage(cpu: string, memory: string): Usage {
  const nanoseconds = field(`${cpu}/cpu.stat`, 'throttled_time')
  return {
    throttledPeriods: field(`${cpu}/cpu.stat`, 'nr_throttled'),
    periods: field(`${cpu}/cpu.stat`, 'nr_periods'),
    throttledMs: nanoseconds === null ? null : nanoseconds / 1e6,
    cpuMs: null,
    peakMemoryBytes: number(`${memory}/memory.max_usage_in_bytes`),
    oomKills: field(`${memory}/memory.oom_control`, 'oom_kill'),
  }
}
