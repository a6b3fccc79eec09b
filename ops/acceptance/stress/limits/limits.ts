/** How a bus is held to the processor and the memory of a small container: by the kernel, and looked up afterwards. */
import { StressError } from '../stress-error.ts'
import type { Cage, Jailer, Limits } from './cage.ts'
import { cgroup1 } from './cgroup-1.ts'
import { cgroup2 } from './cgroup-2.ts'
import { systemdScope } from './systemd.ts'

const UNITS: Record<string, number> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }
/** Less, and Node does not start. */
const LEAST_MEMORY = 64 * 2 ** 20
const LEAST_CPU = 0.01

/** @throws {StressError} @param text as `cpu=0.1,memory=512M` */
export function readLimits(text: string): Limits {
  const limits: Limits = { cpu: undefined, memoryBytes: undefined }
  for (const part of text.split(',')) {
    const [, name, number, unit = ''] = /^(cpu|memory)=(\d+(?:\.\d+)?)([KMG]?)i?B?$/.exec(part.trim()) ?? []
    if (name === 'cpu' && unit === '' && Number(number) >= LEAST_CPU) limits.cpu = Number(number)
    else if (name === 'memory' && Number(number) * UNITS[unit]! >= LEAST_MEMORY) {
      limits.memoryBytes = Math.round(Number(number) * UNITS[unit]!)
    } else {
      throw new StressError(
        `--limits takes cores and memory, as cpu=0.1,memory=512M (at least cpu=${LEAST_CPU}, memory=64M); it got "${text}".`,
      )
    }
  }
  return limits
}

/** systemd first, where it runs: it owns the groups then. */
const JAILERS: Jailer[] = [systemdScope, cgroup2, cgroup1]

/** @throws {StressError} when this machine has no way to limit a process */
export function openCage(limits: Limits, name: string, jailers: readonly Jailer[] = JAILERS): Cage {
  const refusals: string[] = []
  for (const jailer of jailers) {
    const cage = jailer(limits, name)
    if (typeof cage !== 'string') return cage
    refusals.push(`  ${cage}`)
  }
  throw new StressError(
    `--limits cannot be kept here:\n${refusals.join('\n')}\nRun it as root (sudo), or start the bus yourself in a container (docker run --cpus 0.1 --memory 512m) and give its address with --target.`,
  )
}

/** @throws {StressError} when the kernel does not hold the process to what was asked */
export function checkHeld(cage: Cage, pid: number, asked: Limits): void {
  const held = cage.limitsOf(pid)
  const isClose = (a: number | undefined, b: number | undefined) =>
    b === undefined || (a !== undefined && Math.abs(a - b) <= b * 0.02)
  if (isClose(held.cpu, asked.cpu) && isClose(held.memoryBytes, asked.memoryBytes)) return
  throw new StressError(
    `${cage.by} was asked for ${tellLimits(asked)}, and holds the bus to ${tellLimits(held)}: nothing was measured.`,
  )
}

const tellLimits = ({ cpu, memoryBytes }: Limits): string =>
  [
    cpu === undefined ? null : `${cpu} cores`,
    memoryBytes === undefined ? null : `${Math.round(memoryBytes / 2 ** 20)} MiB`,
  ]
    .filter(part => part !== null)
    .join(', ') || 'no limit'
