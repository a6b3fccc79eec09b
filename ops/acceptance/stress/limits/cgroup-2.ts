import { existsSync, writeFileSync } from 'node:fs'
import type { Cage, Limits, Usage } from './cage.ts'
import { enterThen, field, groupOf, makeGroup, number, PERIOD_US, read, removeGroup } from './group-files.ts'

const ROOTS = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified']

/**
 * One tree for all controllers. A group that holds processes may not hand controllers to its children, so the new one
 * is made under the nearest ancestor of ours that may: one that was delegated to us, or the root.
 */
export function cgroup2(limits: Limits, name: string, roots: readonly string[] = ROOTS): Cage | string {
  const why = (text: string) => `cgroup v2: ${text}`
  const root = roots.find(each => existsSync(`${each}/cgroup.controllers`))
  if (root === undefined) return why('it is not mounted')
  const wanted = [
    ...(limits.cpu === undefined ? [] : ['cpu']),
    ...(limits.memoryBytes === undefined ? [] : ['memory']),
  ]
  const missing = wanted.filter(each => !words(`${root}/cgroup.controllers`).includes(each))
  if (missing.length > 0) return why(`it has no controller for ${missing.join(' and ')}`)

  const values: Record<string, string> = {
    ...(limits.cpu === undefined ? {} : { 'cpu.max': `${Math.round(limits.cpu * PERIOD_US)} ${PERIOD_US}` }),
    ...(limits.memoryBytes === undefined ? {} : { 'memory.max': `${limits.memoryBytes}` }),
  }
  const refusals: string[] = []
  for (const parent of ancestors(root, groupOf('self', '') ?? '/')) {
    const refusal = enable(parent, wanted) ?? makeGroup(`${parent}/${name}`, values)
    if (refusal === null) return cage(root, `${parent}/${name}`)
    refusals.push(`${parent} (${refusal})`)
  }
  return why(`no group can be made in ${refusals.join(', ')}`)
}

function cage(root: string, directory: string): Cage {
  return {
    by: `cgroup v2 (${directory})`,
    wrap: command => enterThen([directory], command),
    limitsOf: pid => limitsOfGroup(`${root}${groupOf(pid, '')}`),
    usage: () => usageOfGroup(directory),
    remove: () => removeGroup(directory),
  }
}

const words = (file: string): string[] => read(file)?.split(/\s+/) ?? []

function* ancestors(root: string, group: string): Generator<string> {
  for (let path = group.replace(/\/$/, ''); path !== ''; path = path.slice(0, path.lastIndexOf('/'))) {
    yield root + path
  }
  yield root
}

/** @returns why its children may not have them */
function enable(directory: string, controllers: readonly string[]): string | null {
  const file = `${directory}/cgroup.subtree_control`
  const missing = controllers.filter(each => !words(file).includes(each))
  if (missing.length === 0) return null
  try {
    writeFileSync(file, missing.map(each => `+${each}`).join(' '))
    return null
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message
  }
}

export function limitsOfGroup(directory: string): Limits {
  const [quota, period] = words(`${directory}/cpu.max`)
  return {
    cpu: quota === undefined || quota === 'max' ? undefined : Number(quota) / Number(period),
    memoryBytes: number(`${directory}/memory.max`) ?? undefined,
  }
}

export function usageOfGroup(directory: string): Usage {
  const microseconds = (name: string) => {
    const value = field(`${directory}/cpu.stat`, name)
    return value === null ? null : value / 1000
  }
  return {
    throttledPeriods: field(`${directory}/cpu.stat`, 'nr_throttled'),
    periods: field(`${directory}/cpu.stat`, 'nr_periods'),
    throttledMs: microseconds('throttled_usec'),
    cpuMs: microseconds('usage_usec'),
    peakMemoryBytes: number(`${directory}/memory.peak`),
    oomKills: field(`${directory}/memory.events`, 'oom_kill'),
  }
}
