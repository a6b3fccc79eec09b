/** The bus as it is started in earnest: a process of its own, in a directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PATIENCE_MS } from './support/patience.ts'

export const root = fileURLToPath(new URL('../..', import.meta.url))

type Ending = { code: number | null; signal: string | null }

export class RealBus {
  readonly #process: ChildProcess
  readonly exited: Promise<Ending>
  out = ''
  err = ''

  /** @param cwd where `./data` is made @param env all it gets, besides PATH */
  constructor(cwd: string, env: Record<string, string>) {
    this.#process = spawn(process.execPath, [join(root, 'service/launch.js')], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process.stdout!.on('data', chunk => {
      this.out += chunk
    })
    this.#process.stderr!.on('data', chunk => {
      this.err += chunk
    })
    this.exited = new Promise(resolve => {
      this.#process.on('close', (code, signal) => resolve({ code, signal }))
    })
  }

  /** Resolves with its port once it says that it is ready. */
  async ready(): Promise<number> {
    const deadline = Date.now() + PATIENCE_MS
    while (Date.now() < deadline) {
      if (this.#process.exitCode !== null) throw new Error(`the bus ended by itself:\n${this.out}${this.err}`)
      const line = this.out.split('\n').find(text => text.includes('is ready') && text.endsWith('}'))
      if (line !== undefined) return JSON.parse(line).port
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    throw new Error(`timed out: the bus did not come up in ${PATIENCE_MS / 1000} s:\n${this.out}${this.err}`)
  }

  /** How it ended without serving. @throws when it serves: its end would be waited for in vain */
  async refused(): Promise<Ending> {
    const port = await this.ready().catch(error => {
      if (this.#process.exitCode === null) throw error
      return null
    })
    if (port !== null) throw new Error(`the bus was to refuse its start, and serves on port ${port}`)
    return this.exited
  }

  get pid(): number {
    return this.#process.pid!
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name)
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.exited
  }
}

/** Something else that listens on a port of its own choosing. */
export function squatter(): Promise<{ port: number; server: Server }> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      resolve({ port: (server.address() as { port: number }).port, server })
    })
  })
}
