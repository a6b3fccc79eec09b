/**
 * The bus as it is started in earnest, a process of its own: one that can be killed, started again on the same port, and watched while
 * it comes up. Every test, bench and trial that needs such a process starts it by this.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PATIENCE_MS } from './patience.ts'
import { answers } from './ports.ts'
import { root } from './root.ts'

const LAUNCHER = join(root, 'service/launch.js')
const LOOK_EVERY_MS = 3

export const MASTER_KEY = 'master-key-of-the-harness'
export const ADMIN_SECRET = 'admin-secret-of-the-harness'

export type Exit = { code: number | null; signal: NodeJS.Signals | null }

export type Launch = {
  /** Arguments for node itself. */
  nodeArguments?: string[]
  /** The `launch.js` to start, if it is that of another checkout. */
  launch?: string
  /** Runs it as another user. */
  uid?: number
  /** Gives it a channel, for a preload that has something to tell. */
  tells?: boolean
  /** What is run in the place of its command: one that gives it less memory, say. */
  wrap?: (command: string[]) => string[]
  /** Ctrl-C is not for it, but for who started it. */
  detached?: boolean
  /** How long it may take to come up, in ms. */
  patienceMs?: number
  /** How many characters of `out` and of `err` are kept, the last ones; else all. */
  keeps?: number
}

export class BusProcess {
  /** As its environment has it; 0: it takes one that is free, and `ready` says which. */
  readonly port: number
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess
  readonly #startedAt = performance.now()
  readonly #patienceMs: number
  /** Its log has a line when it is ready. */
  readonly #tells: boolean
  out = ''
  err = ''

  /** @param cwd where `./data` is made @param env all it gets, besides PATH */
  constructor(cwd: string, env: Record<string, string>, launch: Launch = {}) {
    const { nodeArguments = [], tells = false, wrap = command => command, detached = false, uid } = launch
    const [program, ...given] = wrap([process.execPath, ...nodeArguments, launch.launch ?? LAUNCHER])
    this.port = Number(env['PORT'] ?? 0)
    this.#tells = !['warn', 'error', 'fatal', 'silent'].includes(env['LOG_LEVEL'] ?? 'info')
    this.#patienceMs = launch.patienceMs ?? PATIENCE_MS
    this.#child = spawn(program!, given, {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe', ...(tells ? (['ipc'] as const) : [])],
      detached,
      ...(uid === undefined ? {} : { uid, gid: uid }),
    })
    const { keeps = Number.POSITIVE_INFINITY } = launch
    this.#child.stdout!.on('data', chunk => {
      this.out = (this.out + chunk).slice(-keeps)
    })
    this.#child.stderr!.on('data', chunk => {
      this.err = (this.err + chunk).slice(-keeps)
    })
    // There is no such program.
    this.#child.on('error', error => {
      this.err += `${error.message}\n`
    })
    this.exited = new Promise(resolve => {
      this.#child.on('close', (code, signal) => resolve({ code, signal }))
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Resolves with its port once its log says that it is ready. */
  async ready(): Promise<number> {
    return this.#comesUp(async () => this.#portInLog)
  }

  /** For a bus whose port is given, and whose log may not tell. @returns the ms from its start to the first 200 of `path` */
  async serving(path = '/health/ready'): Promise<number> {
    return this.#comesUp(async () =>
      (await answers(this.port, path)) === 200 ? performance.now() - this.#startedAt : undefined,
    )
  }

  /** How it ended without serving. @throws when it serves: its end would be waited for in vain */
  async refused(): Promise<Exit> {
    const served = this.#comesUp(async () => {
      if (this.#tells) return this.#portInLog
      return (await answers(this.port, '/health/live')) === 200 ? this.port : undefined
    })
    const port = await served.catch(error => {
      if (!this.hasEnded) throw error
      return null
    })
    if (port !== null) throw new Error(`the bus was to refuse its start, and serves on port ${port}`)
    return this.exited
  }

  onMessage(hear: (message: unknown) => void): void {
    this.#child.on('message', hear)
  }

  send(message: string): void {
    this.#child.send(message)
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.exited
  }

  /** SIGTERM, and how it ended. */
  async stop(): Promise<Exit> {
    this.signal('SIGTERM')
    return this.exited
  }

  get #portInLog(): number | undefined {
    const line = this.out.split('\n').find(text => text.includes('is ready') && text.endsWith('}'))
    return line === undefined ? undefined : JSON.parse(line).port
  }

  /** @param look says `undefined` until it is up */
  async #comesUp<Sign>(look: () => Promise<Sign | undefined>): Promise<Sign> {
    while (performance.now() - this.#startedAt < this.#patienceMs) {
      if (this.hasEnded) {
        await this.exited
        const end = this.#child.exitCode ?? this.#child.signalCode
        throw new Error(`the bus ended by itself (${end}):\n${this.out}${this.err}`)
      }
      // What listens there may be something else, which never answers.
      const sign = await Promise.race([look(), this.exited.then(() => undefined)])
      if (sign !== undefined) return sign
      await sleep(LOOK_EVERY_MS)
    }
    throw new Error(
      `timed out: the bus did not come up in ${this.#patienceMs / 1000} s:\n${this.out}${this.err}`,
    )
  }
}

/** A bus on this database and this port, with the keys of the harness, that says no more than it must. */
export function busOn({
  database,
  port,
  env,
  ...launch
}: { database: string; port: number; env?: Record<string, string> } & Launch): BusProcess {
  const settings = {
    HOST: '127.0.0.1',
    PORT: `${port}`,
    BUS_DB_PATH: database,
    BUS_SECRET: MASTER_KEY,
    BUS_ADMIN_SECRET: ADMIN_SECRET,
    LOG_LEVEL: 'warn',
  }
  return new BusProcess(dirname(database), { ...settings, ...env }, launch)
}
