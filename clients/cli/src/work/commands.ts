/** Runs a command for each job, in a process group of its own: the terminal's Ctrl-C is not for it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from '@intent-bus/client/index'
import { errorLines } from '../lines.ts'
import type { CommandLine } from './command-line.ts'
import { drained, release } from './draining.ts'
import { variablesOf } from './environment.ts'
import { Printed } from './printed.ts'

type Env = Readonly<Record<string, string | undefined>>

/** An error is cut at 500 characters by the bus; its end says most. */
const ERROR_CHARS = 500
/** A timer that is to take longer than 24 days fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
/** Between asking a command to end and ending it. */
const GRACE_MS = 5000

export class Commands {
  readonly #command: CommandLine
  readonly #env: Env
  readonly #timeoutSeconds: number | undefined
  readonly #running = new Set<ChildProcess>()

  /** @param env what each gets, besides what tells of its job */
  constructor(command: CommandLine, env: Env, timeoutSeconds: number | undefined) {
    this.#command = command
    this.#env = env
    this.#timeoutSeconds = timeoutSeconds
  }

  /** @returns what it printed, without the last line break @throws {Error} with the end of its stderr, if it fails */
  async run(job: Job): Promise<string> {
    const { file, args, shell } = this.#command
    const child = spawn(file, args, {
      shell,
      detached: process.platform !== 'win32',
      env: { ...this.#env, ...variablesOf(job) },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#running.add(child)
    const end = (reason: Error) => void endSoon(child, reason)
    const lost = () => end(job.signal.reason)
    job.signal.addEventListener('abort', lost, { once: true })
    const late = this.#deadline(end)
    try {
      return await outcomeOf(child, `${JSON.stringify(job.payload)}\n`)
    } finally {
      clearTimeout(late)
      job.signal.removeEventListener('abort', lost)
      this.#running.delete(child)
    }
  }

  killAll(): void {
    for (const child of this.#running) signalGroup(child, 'SIGKILL')
  }

  #deadline(end: (reason: Error) => void): NodeJS.Timeout | undefined {
    const seconds = this.#timeoutSeconds
    if (seconds === undefined) return undefined
    const ms = Math.min(seconds * 1000, LONGEST_TIMER_MS)
    return setTimeout(() => end(new Error(`It took longer than ${seconds} s.`)), ms)
  }
}

/** Those that have ended, with all that held their output. */
const closed = new WeakSet<ChildProcess>()
/** Why a command was ended from outside, if it was. */
const endings = new WeakMap<ChildProcess, Error>()

async function endSoon(child: ChildProcess, reason: Error): Promise<void> {
  endings.set(child, reason)
  signalGroup(child, 'SIGTERM')
  await sleep(GRACE_MS, undefined, { ref: false })
  // The shell may have ended, and what it started goes on and holds its output open.
  if (!closed.has(child)) signalGroup(child, 'SIGKILL')
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal)
  } catch (error) {
    // It has ended meanwhile, or it is another user's by now (sudo): nothing to be done, and no reason to take the worker down.
    if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

function outcomeOf(child: ChildProcess, input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let complaint = ''
    // First: without a pipe left, it has no stdout either.
    child.on('error', reject)
    if (child.stdout === null || child.stdout === undefined) return
    const printed = new Printed(child.stdout)
    child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
      errorLines().write(chunk)
      complaint = (complaint + chunk).slice(-4 * ERROR_CHARS)
    })
    const conclude = (code: number | null, signal: NodeJS.Signals | null) => {
      const ended = endings.get(child)
      if (ended !== undefined) return reject(ended)
      if (code !== 0)
        return reject(
          new Error(lastOf(complaint) || (signal === null ? `exit code ${code}` : `ended by ${signal}`)),
        )
      try {
        resolve(printed.text())
      } catch (error) {
        reject(error)
      }
    }
    child.on('exit', async (code, signal) => {
      // What was told to end may have left others of its group, which are ended as well.
      if (endings.has(child)) await sleep(GRACE_MS + 500, undefined, { ref: false })
      else await drained(child)
      conclude(code, signal)
      release(child)
    })
    child.on('close', (code, signal) => {
      closed.add(child)
      conclude(code, signal)
    })
    // A command need not read what it is given.
    child.stdin!.on('error', () => undefined)
    child.stdin!.end(input)
  })
}

const lastOf = (text: string): string => [...text.trim()].slice(-ERROR_CHARS).join('')
