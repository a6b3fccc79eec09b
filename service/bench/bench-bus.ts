import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type BusProcess, busOn } from '../test/support/bus-process.ts'
import { freePort } from '../test/support/ports.ts'

/**
 * The real bus on a database, serving. Rate and open limits do not bind the master key, which the load uses.
 *
 * @param launch the `launch.js` of another checkout, if it is not this one's
 */
export async function startBus(
  database: string,
  env: Record<string, string> = {},
  launch?: string,
): Promise<{ bus: BusProcess; readyMs: number }> {
  const bus = busOn({
    database,
    port: await freePort(),
    env: { BUS_MIN_FREE_DISK_BYTES: '0', ...env },
    ...(launch === undefined ? {} : { launch }),
  })
  return { bus, readyMs: await bus.serving() }
}

export async function startNoop(): Promise<{ port: number; stop: () => void }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./noop.ts', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  const port = await new Promise<number>(resolve => child.stdout.once('data', line => resolve(Number(line))))
  return { port, stop: () => child.kill() }
}

export type Placement = 'thread' | 'inline'

/** The broker with its writer there. @param logPages of its write-ahead log before it is copied, if not as many as ever */
export async function startPlaced(
  placement: Placement,
  database: string,
  env: Record<string, string> = {},
  logPages?: number,
): Promise<{ port: number; pid: number; stop: () => void }> {
  const script = fileURLToPath(new URL('./placed-bus.ts', import.meta.url))
  const last = logPages === undefined ? [] : [`${logPages}`]
  const child = spawn(process.execPath, [script, placement, database, ...last], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const port = await new Promise<number>(resolve => child.stdout.once('data', line => resolve(Number(line))))
  return { port, pid: child.pid!, stop: () => child.kill('SIGKILL') }
}

/** @returns bytes that a process has had the disk write since its start; `null` where Linux does not tell */
export function writtenBytes(pid: number): number | null {
  try {
    const bytes = /^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]
    return bytes === undefined ? null : Number(bytes)
  } catch {
    return null
  }
}

/** Resident memory in MB (10^6 bytes), by Linux's own count; `null` elsewhere. */
export function residentMb(pid: number): number | null {
  try {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kib === undefined ? null : (Number(kib) * 1024) / 1e6
  } catch {
    return null
  }
}

/** Processor time of a process and its threads, in ms; `null` where Linux does not tell. */
export function processorMs(pid: number): number | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    // Ticks of 10 ms: utime and stime, the 14th and 15th of all fields (proc_pid_stat(5)).
    return (Number(fields[11]) + Number(fields[12])) * 10
  } catch {
    return null
  }
}
