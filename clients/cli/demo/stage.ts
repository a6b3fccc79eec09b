import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseEnv } from 'node:util'
import { styled } from '../src/output.ts'

const LAUNCHER = fileURLToPath(import.meta.resolve('@intent-bus/service/launch'))
const COMMAND = fileURLToPath(new URL('../intent-bus.js', import.meta.url))

/** A bus in a directory of its own, and the commands that are run against it. */
export class Stage {
  /** Ms between a caption and what it is about: time to read. */
  readonly pause = process.stdout.isTTY ? 700 : 0
  readonly #dir: string
  readonly #workers: ChildProcess[] = []
  #bus: ChildProcess | null = null
  #port = '0'

  constructor(dir: string) {
    this.#dir = dir
  }

  get url(): string {
    return `http://localhost:${this.#port}`
  }

  get key(): string {
    return this.#secret('BUS_SECRET')
  }

  get adminToken(): string {
    return this.#secret('BUS_ADMIN_SECRET')
  }

  print(line: string): void {
    process.stdout.write(`${line}\n`)
  }

  /** Resolves when it is ready. At the second time it takes the port of the first. */
  async openBus(): Promise<void> {
    const env = { ...this.#env(), PORT: this.#port, HOST: '127.0.0.1' }
    const bus = spawn(process.execPath, [LAUNCHER], {
      cwd: this.#dir,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#bus = bus
    for await (const line of createInterface({ input: bus.stdout })) {
      if (!line.startsWith('{') || !line.includes('is ready')) continue
      this.#port = `${(JSON.parse(line) as { port: number }).port}`
      bus.stdout.resume()
      return
    }
    throw new Error('The bus did not start.')
  }

  async killBus(): Promise<void> {
    await ended(this.#bus, 'SIGKILL')
  }

  /** Starts a worker, and shows what it says behind a mark of its own. */
  work(goal: string, command: string): void {
    this.#say(['work', goal, '--exec', command], ' &')
    const worker = this.#start(['work', goal, '--exec', command], 'ignore')
    this.#workers.push(worker)
  }

  /** Runs a command to its end, and shows what it prints. */
  async run(...args: string[]): Promise<void> {
    this.#say(args)
    const command = this.#start(args, 'pipe')
    const lines = [command.stdout!, command.stderr!].map(async input => {
      for await (const line of createInterface({ input })) this.print(`  ${line}`)
    })
    await Promise.all([...lines, once(command, 'close')])
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map(worker => ended(worker, 'SIGTERM')))
    await ended(this.#bus, 'SIGTERM')
  }

  #secret(name: string): string {
    return parseEnv(readFileSync(join(this.#dir, 'data', 'secrets.env'), 'utf8'))[name]!
  }

  #say(args: readonly string[], end = ''): void {
    const quoted = args.map(arg => (/^[\w-]+$/.test(arg) ? arg : `'${arg}'`)).join(' ')
    this.print(`  ${styled('dim', '$')} ${styled('cyan', `intent-bus ${quoted}`)}${end}`)
  }

  #start(args: readonly string[], output: 'pipe' | 'ignore'): ChildProcess {
    return spawn(process.execPath, [COMMAND, ...args], {
      cwd: this.#dir,
      env: { ...this.#env(), PORT: this.#port },
      stdio: ['ignore', output, output],
    })
  }

  /** What the user has set up for a bus of their own is not for this one. */
  #env(): Record<string, string> {
    const own = Object.entries(process.env).filter(
      ([name]) => !/^(BUS_|INTENT_BUS_|PORT$|HOST$|DASHBOARD_)/.test(name),
    )
    const colour = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}
    return {
      ...(Object.fromEntries(own) as Record<string, string>),
      ...colour,
      INTENT_BUS_CONFIG: join(this.#dir, 'none.json'),
    }
  }
}

async function ended(child: ChildProcess | null, signal: NodeJS.Signals): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'close')
}
