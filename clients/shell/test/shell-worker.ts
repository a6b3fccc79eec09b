/** A shell worker as a process of its own, and the bus it works for. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import {
  ADMIN_SECRET,
  type BusProcess,
  busOn,
  MASTER_KEY,
} from '../../../service/test/support/bus-process.ts'
import { PATIENT } from '../../../service/test/support/patience.ts'
import { freePort } from '../../../service/test/support/ports.ts'
import { type Signing, sign } from '../../../service/test/support/signing.ts'
import { workers } from './shells.ts'

/** A folder that is gone after the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'shell-worker-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

export class ShellWorker {
  readonly exited: Promise<number | null>
  readonly #process: ChildProcess
  readonly #temporary = join(folder(), 'tmp')
  errors = ''

  /** @param shell what runs the script @param script its name in clients/shell @param env all it gets, besides PATH and TMPDIR */
  constructor(shell: string[], script: string, args: string[], env: Record<string, string>) {
    mkdirSync(this.#temporary)
    this.#process = spawn(shell[0]!, [...shell.slice(1), join(workers, script), ...args], {
      env: {
        PATH: process.env['PATH'] ?? '',
        TMPDIR: this.#temporary,
        NO_PROXY: 'localhost,127.0.0.1',
        ...env,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#process.stderr!.on('data', chunk => {
      this.errors += chunk
    })
    this.exited = new Promise(resolve => this.#process.on('close', resolve))
    onTestFinished(() => {
      this.#process.kill('SIGKILL')
    })
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name)
  }

  /** The processes that it has started and not yet waited for, the first one first. */
  get children(): string[] {
    const { pid } = this.#process
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  }

  /** Has each wait for a process take this much longer, from its end to what the shell makes of it. @returns how to stop that */
  async slowWaits(seconds: number): Promise<() => void> {
    const { pid } = this.#process
    const slow = ['-e', 'trace=wait4', '-e', `inject=wait4:delay_exit=${seconds}000000`]
    const tracer = spawn('strace', ['-qq', '-p', `${pid}`, ...slow], { stdio: 'ignore' })
    onTestFinished(() => {
      tracer.kill('SIGKILL')
    })
    const traced = new RegExp(`^TracerPid:\\s${tracer.pid}$`, 'm')
    await vi.waitUntil(() => traced.test(readFileSync(`/proc/${pid}/status`, 'utf8')), PATIENT)
    return () => {
      tracer.kill('SIGTERM')
    }
  }

  /** What it left in its directory for temporary files. */
  get leftovers(): string[] {
    return readdirSync(this.#temporary)
  }
}

export type Result = { status: string; result?: unknown; error?: string; [field: string]: unknown }

/** A bus that is there for one file of tests, and its publisher. */
export class WorkedBus {
  readonly port: number
  readonly #folder = mkdtempSync(join(tmpdir(), 'worked-bus-'))
  readonly #settings: Record<string, string>
  readonly #key: string
  #bus: BusProcess

  static async start(settings: Record<string, string> = {}): Promise<WorkedBus> {
    const bus = new WorkedBus(await freePort(), settings)
    await bus.#bus.serving()
    return bus
  }

  private constructor(port: number, settings: Record<string, string>) {
    this.port = port
    this.#settings = settings
    this.#key = settings['BUS_SECRET'] ?? MASTER_KEY
    this.#bus = this.#begin()
  }

  #begin(): BusProcess {
    return busOn({ database: this.database, port: this.port, env: this.#settings })
  }

  get database(): string {
    return join(this.#folder, 'bus.db')
  }

  /** What a worker has to be told. */
  get environment(): Record<string, string> {
    return { BUS_URL: `http://127.0.0.1:${this.port}`, BUS_API_KEY: this.#key }
  }

  async stop(): Promise<void> {
    await this.#bus.stop()
  }

  async startAgain(): Promise<void> {
    this.#bus = this.#begin()
    await this.#bus.serving()
  }

  async remove(): Promise<void> {
    await this.#bus.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** @param payload JSON text, sent as it is @returns the id */
  async publish(goal: string, payload: string, more: Record<string, unknown> = {}): Promise<string> {
    const fields = JSON.stringify({ goal, ...more }).slice(1)
    const answer = await this.#ask('POST', '/intent', `{"payload":${payload},${fields}`)
    if (answer.status !== 201) throw new Error(`not published: ${await answer.text()}`)
    return ((await answer.json()) as { id: string }).id
  }

  /** Waits for its end. @returns what /result says, and its text as it came */
  async result(id: string): Promise<Result & { text: string }> {
    const text = await (await this.#ask('GET', `/result/${id}?wait=60`)).text()
    return { ...JSON.parse(text), text }
  }

  async status(id: string): Promise<Result> {
    return (await this.#ask('GET', `/status/${id}`)).json() as Promise<Result>
  }

  cancel(id: string): Promise<void> {
    return this.#administer(id, 'cancel')
  }

  /** Opens it anew, though it is done. */
  retry(id: string): Promise<void> {
    return this.#administer(id, 'retry')
  }

  async #administer(id: string, verb: 'cancel' | 'retry'): Promise<void> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/admin/intents/${id}/${verb}`, {
      method: 'POST',
      headers: { 'x-admin-token': ADMIN_SECRET },
    })
    if (!answer.ok) throw new Error(`${verb}: ${await answer.text()}`)
  }

  /** The workers that wait for work now. */
  async waiting(): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/metrics`, {
      headers: { 'x-admin-token': ADMIN_SECRET },
    })
    return Number(/^intent_bus_waiting_claims (\d+)/m.exec(await answer.text())![1])
  }

  async #ask(method: string, path: string, body = ''): Promise<Response> {
    const signing: Signing = { timestamp: Math.floor(Date.now() / 1000) }
    return fetch(`http://127.0.0.1:${this.port}${path}`, {
      method,
      headers: { 'x-api-key': this.#key, ...sign({ method, path, body, key: this.#key }, signing) },
      ...(body === '' ? {} : { body }),
    })
  }
}

/** Those of the process ids in a file that still run. A zombie does not: it waits for whoever started it. */
export function running(file: string): string[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split(' ')
    .filter(pid => {
      try {
        return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
      } catch {
        return false
      }
    })
}

/** A web server of the test's own, on 127.0.0.1. @returns its URL */
export async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
