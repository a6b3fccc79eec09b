/** The real bus in a process of its own, with a preload that tells how long its main thread works in one piece. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type BusProcess, busOn } from '../bus-process.ts'
import { freePort } from '../ports.ts'
import type { Answered, FromBus, LongTurn, ToBus } from './messages.ts'

const PRELOAD = fileURLToPath(new URL('./preload.ts', import.meta.url))
/** The preload is stripped of its types before the bus has named a place for what is compiled. */
const COMPILED = fileURLToPath(new URL('../../../../node_modules/.cache/intent-bus-tests', import.meta.url))

/** A second collection takes what the first one has let go of; other threads take theirs a moment later. */
const COLLECTIONS = 3
const OTHERS_TAKE_MS = 500

const MIB = 1024 * 1024

/** Heap and external memory are those of the main thread. */
export type Memory = { residentMib: number; heapMib: number; externalMib: number }

export type WatchedOptions = {
  folder: string
  /** What V8 may take, in MiB. */
  heapMib: number
  env?: Record<string, string>
}

export class WatchedBus {
  readonly child: BusProcess
  /** By the `X-Request-ID` that was sent. */
  readonly answered = new Map<string, Answered>()
  readonly turns: LongTurn[] = []
  #waiting: ((memory: NodeJS.MemoryUsage) => void)[] = []

  static async start({ folder, heapMib, env = {} }: WatchedOptions): Promise<WatchedBus> {
    const bus = new WatchedBus(
      busOn({
        database: join(folder, 'bus.db'),
        port: await freePort(),
        env: { NODE_COMPILE_CACHE: COMPILED, ...env },
        nodeArguments: [`--max-old-space-size=${heapMib}`, '--expose-gc', '--import', PRELOAD],
        tells: true,
      }),
    )
    await bus.child.serving()
    // The start is not what is watched.
    await bus.settled()
    bus.turns.length = 0
    return bus
  }

  private constructor(child: BusProcess) {
    this.child = child
    child.onMessage(message => this.#heard(message as FromBus))
  }

  get base(): string {
    return `http://127.0.0.1:${this.child.port}`
  }

  /** Resolves once the preload has told of all that has been answered so far, and garbage is collected: with what is left. */
  settled(): Promise<NodeJS.MemoryUsage> {
    return new Promise(resolve => {
      this.#waiting.push(resolve)
      this.child.send('collect' satisfies ToBus)
    })
  }

  /** @returns what is there after collections in all of its threads, in MiB */
  async memory(): Promise<Memory> {
    for (let i = 0; i < COLLECTIONS; i++) {
      await this.settled()
      await sleep(OTHERS_TAKE_MS)
    }
    const { heapUsed, external } = await this.settled()
    return { residentMib: this.#mib('VmRSS'), heapMib: heapUsed / MIB, externalMib: external / MIB }
  }

  /** @returns the most that it had resident since its start, in MiB */
  get peakMib(): number {
    return this.#mib('VmHWM')
  }

  #mib(name: string): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8')
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)![1]) / 1024
  }

  #heard(message: FromBus): void {
    if (message.kind === 'collected') for (const resolve of this.#waiting.splice(0)) resolve(message.memory)
    else {
      for (const each of message.answered) this.answered.set(each.id, each)
      this.turns.push(...message.turns)
    }
  }
}
