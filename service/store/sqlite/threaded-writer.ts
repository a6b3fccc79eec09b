import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { KeyId } from '../../intent/routing.ts'
import { StoreOpenError } from '../open-error.ts'
import type { Op } from '../operations.ts'
import type { Depth, GoalDepth, KeyHolding } from '../records.ts'
import { type Committed, type DamageState, type RoomState, type Stats, StorageError } from '../store.ts'
import type { Met } from './damage/damage.ts'
import type { FromWriter, ToWriter } from './messages.ts'
import type { RoomSettings } from './room.ts'
import { fromOutcomeRow, toOpRow } from './rows.ts'
import type { StoreLog, Writing } from './writing.ts'

type Answer =
  | ({ kind: 'committed' } & Committed)
  | Extract<FromWriter, { kind: 'stats' | 'room' | 'holdings' | 'goals' | 'depths' | 'closed' }>
type Pending = { serial: number; resolve(answer: Answer): void; reject(reason: Error): void }
/** A message that has no serial yet. */
type Request = ToWriter extends infer M ? (M extends { serial: number } ? Omit<M, 'serial'> : never) : never

/** The writer in a thread of its own, where a sync holds up nobody but commits. */
export class ThreadedWriter implements Writing {
  nextDue: number | null = null
  damage: DamageState = { intents: 0, parts: [] }
  readonly #thread: Worker
  readonly #pending: Pending[] = []
  #asked = 0
  #closing = false

  private constructor(thread: Worker) {
    this.#thread = thread
  }

  static async start(
    path: string,
    {
      log,
      logPages,
      room,
      onLost = () => {},
    }: { log: StoreLog; logPages?: number; room?: RoomSettings; onLost?: (reason: Error) => void },
  ): Promise<ThreadedWriter> {
    const thread = new Worker(new URL('./writer-thread.ts', import.meta.url), {
      workerData: { path, logPages, room },
    })
    const self = new ThreadedWriter(thread)
    const opened = new Promise<void>((resolve, reject) => {
      thread.on('message', (message: FromWriter) => {
        switch (message.kind) {
          case 'ready':
            self.nextDue = message.nextDue
            return resolve()
          case 'cannot-open':
            // The end of the thread can come in the same turn, before anybody who awaits has heard of this.
            self.#closing = true
            return reject(new StoreOpenError(message.message))
          case 'damage':
            self.damage = message.state
            return
          case 'note':
            return log.info(message.text)
          case 'complaint':
            return log.error(message.text)
          case 'committed': {
            const { serial, outcomes, transaction } = message
            for (const [i, asked] of self.#take(serial, outcomes.length).entries()) {
              asked.resolve({ kind: 'committed', outcomes: fromOutcomeRow(outcomes[i]!), transaction })
            }
            return
          }
          case 'failed': {
            const fault = new StorageError(message.reason, message.message)
            for (const asked of self.#take(message.serial, message.requests)) asked.reject(fault)
            return
          }
          default:
            return self.#take(message.serial, 1)[0]!.resolve(message)
        }
      })
      let fault = new Error('the writer thread ended unasked')
      thread.on('error', error => {
        fault = error as Error
      })
      thread.on('exit', () => {
        reject(fault)
        for (const { reject: fail } of self.#pending.splice(0))
          fail(new StorageError('failed', fault.message))
        if (!self.#closing) onLost(fault)
      })
    })
    try {
      await opened
    } catch (error) {
      self.#closing = true
      await thread.terminate()
      throw error
    }
    return self
  }

  async commit(ops: readonly Op[], now: number): Promise<Committed> {
    const answer = await this.#ask({ kind: 'commit', count: ops.length, ops: toOpRow(ops), now })
    if (answer.kind === 'committed') return answer
    throw unexpected(answer)
  }

  async stats(): Promise<Stats> {
    const answer = await this.#ask({ kind: 'stats' })
    if (answer.kind === 'stats') return answer.stats
    throw unexpected(answer)
  }

  async room(): Promise<RoomState> {
    const answer = await this.#ask({ kind: 'room' })
    if (answer.kind === 'room') return answer.room
    throw unexpected(answer)
  }

  async holdings(): Promise<ReadonlyMap<KeyId, KeyHolding>> {
    const answer = await this.#ask({ kind: 'holdings' })
    if (answer.kind === 'holdings') return answer.byKey
    throw unexpected(answer)
  }

  async depths(names: readonly string[], most: number): Promise<Depth[]> {
    const answer = await this.#ask({ kind: 'depths', names, most })
    if (answer.kind === 'depths') return answer.depths
    throw unexpected(answer)
  }

  async busiestGoals(limit: number): Promise<GoalDepth[]> {
    const answer = await this.#ask({ kind: 'goals', limit })
    if (answer.kind === 'goals') return answer.goals
    throw unexpected(answer)
  }

  examine(met: Met): void {
    this.#thread.postMessage({ kind: 'examine', met } satisfies ToWriter)
  }

  async close(): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    const gone = once(this.#thread, 'exit')
    await this.#ask({ kind: 'close' })
    await gone
  }

  #ask(message: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#asked += 1
      this.#pending.push({ serial: this.#asked, resolve, reject })
      this.#thread.postMessage({ ...message, serial: this.#asked } satisfies ToWriter)
    })
  }

  /** @throws when these are not the requests that the answer is for: better no bus than one that mixes up answers */
  #take(serial: number, requests: number): Pending[] {
    const taken = this.#pending.splice(0, requests)
    if (taken.length !== requests || taken[0]?.serial !== serial) {
      throw new Error(`the writer answered request ${serial} out of turn`)
    }
    return taken
  }
}

function unexpected(answer: Answer): StorageError {
  return new StorageError('failed', `unexpected answer of the writer thread: ${answer.kind}`)
}
