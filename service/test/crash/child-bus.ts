/** The real bus as a child process that can be killed, restarted on the same port, and watched while it comes up. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { PATIENCE_MS } from '../support/patience.ts'

const MAIN = fileURLToPath(new URL('../../launch.js', import.meta.url))
const LOOK_EVERY_MS = 3

export const MASTER_KEY = 'master-key-of-the-harness'
export const ADMIN_SECRET = 'admin-secret-of-the-harness'

export type ChildOptions = {
  database: string
  port: number
  /** On top of the harness's own settings. */
  env?: Record<string, string>
  /** Runs it as another user. */
  uid?: number
  /** Arguments for node itself. */
  nodeArguments?: string[]
  /** The `launch.js` to start, if it is that of another checkout. */
  launch?: string
  /** Gives it a channel, for a preload that has something to tell. */
  tells?: boolean
}

export type Exit = { code: number | null; signal: NodeJS.Signals | null }

export class ChildBus {
  readonly port: number
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess
  readonly #startedAt = performance.now()
  output = ''
  errors = ''

  constructor(options: ChildOptions) {
    this.port = options.port
    this.#child = spawn(process.execPath, [...(options.nodeArguments ?? []), options.launch ?? MAIN], {
      cwd: dirname(options.database),
      env: {
        PATH: process.env['PATH'] ?? '',
        HOST: '127.0.0.1',
        PORT: `${options.port}`,
        BUS_DB_PATH: options.database,
        BUS_SECRET: MASTER_KEY,
        BUS_ADMIN_SECRET: ADMIN_SECRET,
        LOG_LEVEL: 'warn',
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'pipe', ...(options.tells ? (['ipc'] as const) : [])],
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    })
    this.#child.stdout!.on('data', chunk => {
      this.output += chunk
    })
    this.#child.stderr!.on('data', chunk => {
      this.errors += chunk
    })
    this.exited = once(this.#child, 'close').then(([code, signal]) => ({ code, signal }))
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** @returns the ms from its start to the first 200 of `path` */
  async serving(path = '/health/ready'): Promise<number> {
    while (performance.now() - this.#startedAt < PATIENCE_MS) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        await this.exited
        throw new Error(`the bus ended by itself (${this.#child.exitCode}):\n${this.output}${this.errors}`)
      }
      if ((await answers(this.port, path)) === 200) return performance.now() - this.#startedAt
      await sleep(LOOK_EVERY_MS)
    }
    throw new Error(`timed out: the bus did not come up in ${PATIENCE_MS} ms:\n${this.output}${this.errors}`)
  }

  /** How it ended without serving. @throws when it serves: its end would be waited for in vain */
  async refused(): Promise<Exit> {
    const ms = await this.serving('/health/live').catch(error => {
      if (this.#child.exitCode === null) throw error
      return null
    })
    if (ms !== null) throw new Error(`the bus was to refuse its start, and serves on port ${this.port}`)
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
}

/** @returns the status, or `undefined` while nobody answers */
export function answers(port: number, path: string): Promise<number | undefined> {
  return new Promise(resolve => {
    const asked = request({ host: '127.0.0.1', port, path, agent: false }, response => {
      response.resume()
      resolve(response.statusCode)
    })
    asked.on('error', () => resolve(undefined))
    asked.end()
  })
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
