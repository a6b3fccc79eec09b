/** A bus of the harness's own: a process on a free port, with its files in a temporary directory. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BusProcess } from '../../../../service/test/support/bus-process.ts'
import { freePort } from '../../../../service/test/support/ports.ts'
import type { Cage, Limits, Usage } from '../limits/cage.ts'
import { checkHeld, openCage } from '../limits/limits.ts'
import { StressError } from '../stress-error.ts'
import type { Access } from './bus-client.ts'

/** At a tenth of a core a start takes seconds. */
const UP_WITHIN_MS = 120_000
const WATCH_EVERY_MS = 250

export type OwnBusReport = {
  /** From the start of its process to the first 200 of /health/ready, in ms; one per start. */
  startMs: number[]
  peakResidentBytes: number | null
  cpuMs: number | null
  limits: (Limits & { by: string; usage: Usage }) | null
}

export class OwnBus {
  readonly access: Access
  readonly #directory = mkdtempSync(join(tmpdir(), 'bus-stress-'))
  readonly #limits: Limits | null
  readonly #cage: Cage | null
  readonly #watch: NodeJS.Timeout
  readonly #startMs: number[] = []
  #bus: BusProcess | null = null
  #peakResident = 0
  /** Of starts that are over. */
  #cpuMsBefore = 0
  #cpuMs = 0

  private constructor(port: number, limits: Limits | null, cage: Cage | null) {
    this.access = {
      url: `http://127.0.0.1:${port}`,
      key: randomBytes(24).toString('hex'),
      adminToken: randomBytes(24).toString('hex'),
      sign: false,
    }
    this.#limits = limits
    this.#cage = cage
    this.#watch = setInterval(() => this.#look(), WATCH_EVERY_MS).unref()
    process.once('exit', this.#kill)
  }

  static async start(limits: Limits | null): Promise<OwnBus> {
    const cage =
      limits === null ? null : openCage(limits, `intent-bus-stress-${randomBytes(4).toString('hex')}`)
    const bus = new OwnBus(await freePort(), limits, cage)
    try {
      await bus.#up()
    } catch (error) {
      await bus.remove()
      throw error
    }
    return bus
  }

  async restart(): Promise<void> {
    await this.#down()
    await this.#up()
  }

  /** Stops it and leaves nothing behind. */
  async remove(): Promise<void> {
    clearInterval(this.#watch)
    await this.#down()
    process.off('exit', this.#kill)
    this.#cage?.remove()
    rmSync(this.#directory, { recursive: true, force: true })
  }

  report(): OwnBusReport {
    this.#look()
    return {
      startMs: this.#startMs,
      peakResidentBytes: this.#peakResident || null,
      cpuMs: this.#cpuMs === 0 ? null : this.#cpuMsBefore + this.#cpuMs,
      limits: this.#cage === null ? null : { ...this.#limits!, by: this.#cage.by, usage: this.#cage.usage() },
    }
  }

  async #up(): Promise<void> {
    const { url, key, adminToken } = this.access
    const bus = new BusProcess(
      this.#directory,
      {
        HOST: '127.0.0.1',
        PORT: new URL(url).port,
        BUS_DB_PATH: join(this.#directory, 'bus.db'),
        BUS_SECRET: key,
        BUS_ADMIN_SECRET: adminToken!,
        LOG_LEVEL: 'warn',
        // As a user of systemd-run has them.
        ...pick(process.env, ['XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS']),
      },
      {
        wrap: command => this.#cage?.wrap(command) ?? command,
        // Ctrl-C is for the harness; it stops the bus when it is done with it.
        detached: true,
        patienceMs: UP_WITHIN_MS,
        keeps: 4000,
      },
    )
    this.#bus = bus
    try {
      this.#startMs.push(Math.round(await bus.serving()))
    } catch (error) {
      throw new StressError((error as Error).message, 3)
    }
    if (this.#cage !== null) checkHeld(this.#cage, bus.pid, this.#limits!)
  }

  async #down(): Promise<void> {
    const bus = this.#bus
    this.#bus = null
    if (bus === null) return
    this.#look(bus)
    this.#cpuMsBefore += this.#cpuMs
    this.#cpuMs = 0
    await bus.stop()
  }

  /** For an end of the harness that waits for nothing. */
  readonly #kill = (): void => {
    this.#bus?.signal('SIGKILL')
    rmSync(this.#directory, { recursive: true, force: true })
  }

  #look(bus = this.#bus): void {
    if (bus?.pid === undefined) return
    this.#peakResident = Math.max(this.#peakResident, residentBytes(bus.pid) ?? 0)
    this.#cpuMs = processorMs(bus.pid) ?? this.#cpuMs
  }
}

const pick = (env: NodeJS.ProcessEnv, names: string[]): Record<string, string> =>
  Object.fromEntries(names.flatMap(name => (env[name] === undefined ? [] : [[name, env[name]]])))

/** By Linux's own count; `null` elsewhere. */
function residentBytes(pid: number): number | null {
  const kib = /^VmHWM:\s+(\d+) kB/m.exec(procFile(pid, 'status'))?.[1]
  return kib === undefined ? null : Number(kib) * 1024
}

/** Processor time of a process and its threads, in ms; `null` where Linux does not tell. */
function processorMs(pid: number): number | null {
  const fields = procFile(pid, 'stat').split(') ')[1]?.split(' ')
  // Ticks of 10 ms: utime and stime, the 14th and 15th of all fields (proc_pid_stat(5)).
  return fields === undefined ? null : (Number(fields[11]) + Number(fields[12])) * 10
}

function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return ''
  }
}
