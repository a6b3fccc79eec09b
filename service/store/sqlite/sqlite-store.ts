import { once } from 'node:events'
import { existsSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Database } from 'better-sqlite3'
import type { KeyId } from '../../intent/routing.ts'
import { StoreOpenError } from '../open-error.ts'
import type { Op } from '../operations.ts'
import type { AuditSearch, DeadLetterSearch, GoalDepth, IntentSearch } from '../records.ts'
import type { Committed, CopySource, Stats, Store } from '../store.ts'
import { StorageError } from '../store.ts'
import { inspect, opening, openReading } from './connection.ts'
import { fromSentOutcome, toSentOp } from './crossing.ts'
import type { FromWriter, ToWriter } from './messages.ts'
import { takeOwnership } from './ownership.ts'
import { Reads } from './reads.ts'
import { isStorageFault, storageError } from './storage-faults.ts'

export type StoreLog = { info(text: string): void; warn(text: string): void; error(text: string): void }

type Answer =
  | ({ kind: 'committed' } & Committed)
  | Extract<FromWriter, { kind: 'stats' | 'unsettled' | 'goals' | 'closed' }>
type Pending = { serial: number; resolve(answer: Answer): void; reject(reason: Error): void }
/** A message that has no serial yet. */
type Request = ToWriter extends infer M ? (M extends ToWriter ? Omit<M, 'serial'> : never) : never

/**
 * Opens the embedded store: takes the file for this process alone, migrates it if it is older, and starts the
 * writer's thread.
 *
 * @param path of the database file; its folder is made
 * @param onLost called if the writer's thread ends unasked: nothing can be written any more
 * @throws {StoreOpenError} with one line for the operator; the file is untouched then
 */
export async function openSqliteStore(options: {
  path: string
  log: StoreLog
  onLost?: (reason: Error) => void
}): Promise<Store> {
  const named = resolve(options.path)
  inspect(named)
  // The lock stands beside the file itself, by whatever name it was reached.
  const path = existsSync(named) ? realpathSync(named) : named
  const letGo = takeOwnership(path)
  try {
    const writer = await WriterThread.start(path, options.log, options.onLost ?? (() => {}))
    return opening(path, () => new SqliteStore(writer, openReading(path), letGo))
  } catch (error) {
    letGo()
    throw error
  }
}

class SqliteStore implements Store {
  readonly copySource: CopySource
  readonly lastSeen: number
  readonly nextDue: number | null
  readonly #writer: WriterThread
  readonly #db: Database
  readonly #reads: Reads
  readonly #letGo: () => void

  constructor(writer: WriterThread, db: Database, letGo: () => void) {
    this.copySource = { file: db.name }
    this.#writer = writer
    this.#db = db
    this.#reads = new Reads(db)
    this.#letGo = letGo
    this.lastSeen = this.#reads.lastSeen()
    this.nextDue = writer.nextDue
  }

  commit(ops: readonly Op[], now: number): Promise<Committed> {
    return this.#writer.commit(ops, now)
  }

  stats(): Promise<Stats> {
    return this.#writer.stats()
  }

  intent = async (id: string) => reading(() => this.#reads.intent(id))
  payload = async (id: string) => reading(() => this.#reads.payload(id))
  result = async (id: string) => reading(() => this.#reads.result(id))
  value = async (keyId: number, key: string, now: number) => reading(() => this.#reads.value(keyId, key, now))
  keys = async () => reading(() => this.#reads.keys())
  deadLetters = async (search: DeadLetterSearch) => reading(() => this.#reads.deadLetters(search))
  deadLetter = async (intentId: string) => reading(() => this.#reads.deadLetter(intentId))
  intents = async (search: IntentSearch) => reading(() => this.#reads.intents(search))
  audit = async (search: AuditSearch) => reading(() => this.#reads.audit(search))
  maintenance = async () => reading(() => this.#reads.maintenance())
  unsettled = async () => this.#writer.unsettled()
  busiestGoals = async (limit: number) => this.#writer.busiestGoals(limit)

  async close(): Promise<void> {
    // The reader first: the last connection to close is the one that clears the write-ahead log away.
    this.#db.close()
    await this.#writer.close()
    this.#letGo()
  }
}

function reading<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw isStorageFault(error) ? storageError(error) : error
  }
}

class WriterThread {
  nextDue: number | null = null
  readonly #thread: Worker
  readonly #pending: Pending[] = []
  #asked = 0
  #closing = false

  private constructor(thread: Worker) {
    this.#thread = thread
  }

  static async start(path: string, log: StoreLog, onLost: (reason: Error) => void): Promise<WriterThread> {
    const thread = new Worker(new URL('./writer-thread.ts', import.meta.url), { workerData: { path } })
    const self = new WriterThread(thread)
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
          case 'note':
            return log.info(message.text)
          case 'complaint':
            return log.error(message.text)
          case 'committed': {
            const { serial, outcomes, transaction } = message
            for (const [i, asked] of self.#take(serial, outcomes.length).entries()) {
              asked.resolve({ kind: 'committed', outcomes: outcomes[i]!.map(fromSentOutcome), transaction })
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
    const answer = await this.#ask({ kind: 'commit', ops: ops.map(toSentOp), now })
    if (answer.kind === 'committed') return answer
    throw unexpected(answer)
  }

  async stats(): Promise<Stats> {
    const answer = await this.#ask({ kind: 'stats' })
    if (answer.kind === 'stats') return answer.stats
    throw unexpected(answer)
  }

  async unsettled(): Promise<ReadonlyMap<KeyId, number>> {
    const answer = await this.#ask({ kind: 'unsettled' })
    if (answer.kind === 'unsettled') return answer.byKey
    throw unexpected(answer)
  }

  async busiestGoals(limit: number): Promise<GoalDepth[]> {
    const answer = await this.#ask({ kind: 'goals', limit })
    if (answer.kind === 'goals') return answer.goals
    throw unexpected(answer)
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
