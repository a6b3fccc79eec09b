import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'

/** The files of a control group are read and written as text; a reason why not is a value. */

export const PERIOD_US = 100_000

export function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return null
  }
}

/** The number after `name` in a file of lines, as `nr_throttled 12`. */
export function field(file: string, name: string): number | null {
  const line = read(file)
    ?.split('\n')
    .find(each => each.startsWith(`${name} `))
  return line === undefined ? null : Number(line.split(' ')[1])
}

export function number(file: string): number | null {
  const text = read(file)
  return text === null || !/^-?\d+$/.test(text) ? null : Number(text)
}

/** Makes a group and writes into it. @returns why it could not, with nothing left behind */
export function makeGroup(directory: string, values: Record<string, string>): string | null {
  try {
    mkdirSync(directory)
    for (const [file, value] of Object.entries(values)) writeFileSync(`${directory}/${file}`, value)
    return null
  } catch (error) {
    removeGroup(directory)
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message
  }
}

export function removeGroup(directory: string): void {
  try {
    rmdirSync(directory)
  } catch {
    // It was never made, or somebody is still in it, whom the kernel removes it after.
  }
}

/** Goes into the groups first and becomes the command then: not for an instant does it run outside. */
export function enterThen(directories: readonly string[], command: string[]): string[] {
  const enter = directories.map(directory => `echo $$ > '${directory}/cgroup.procs' || exit 97`).join('; ')
  return ['/bin/sh', '-c', `${enter}; exec "$@"`, 'sh', ...command]
}

/** Which group a process is in. @param controllers as they stand in the file: `cpu,cpuacct`, `memory`, '' for v2 */
export function groupOf(pid: number | 'self', controller: string): string | null {
  const lines = read(`/proc/${pid}/cgroup`)?.split('\n') ?? []
  for (const line of lines) {
    const [, controllers = '', path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (path === undefined) continue
    if (controller === '' ? controllers === '' : controllers.split(',').includes(controller)) return path
  }
  return null
}
