import type { Op } from '../operations.ts'
import { type Committed, type DamageState, StorageError } from '../store.ts'
import { Checkpoints, emptyLog } from './checkpoints.ts'
import { opening, openWriting } from './connection.ts'
import type { Met } from './damage/damage.ts'
import type { RoomSettings } from './room.ts'
import { Writer } from './writer.ts'
import type { StoreLog, Writing } from './writing.ts'

/**
 * So many turns of the loop bring nothing new before a commit begins: what comes meanwhile shares its sync. Two, since the loop
 * takes one new connection a turn and hears it in the next: after one, each of many that connect at once has a sync to wait for.
 */
const QUIET_TURNS = 2
/** And so many hand-overs do not wait for quiet. */
const MOST_WAITING = 64

type Waiting = { ops: readonly Op[]; now: number } & PromiseWithResolvers<Committed>

/**
 * The writer in the thread that serves, for where memory is dearer than an answer while the disk syncs: on a phone. What
 * that costs and saves is in `docs/phone.md`, measured.
 */
export class InlineWriter implements Writing {
  readonly nextDue: number | null
  readonly #writer: Writer
  readonly #checkpoints: Checkpoints
  readonly #complain: (text: string) => void
  #waiting: Waiting[] = []
  #soon: NodeJS.Immediate | undefined
  #quietTurns = 0

  /** @throws {StoreOpenError} with one line for the operator */
  constructor(path: string, log: StoreLog, logPages?: number, room?: RoomSettings) {
    this.#complain = text => log.error(text)
    const db = openWriting(path, text => log.info(text))
    try {
      this.#writer = opening(path, () => new Writer(db, log, room))
    } catch (error) {
      db.close()
      throw error
    }
    this.#checkpoints = new Checkpoints(db, this.#complain, 'here', logPages)
    this.nextDue = this.#writer.nextDue
  }

  commit(ops: readonly Op[], now: number): Promise<Committed> {
    this.#quietTurns = 0
    this.#soon ??= setImmediate(() => this.#turn())
    const one = { ops, now, ...Promise.withResolvers<Committed>() }
    this.#waiting.push(one)
    return one.promise
  }

  get damage(): DamageState {
    return this.#writer.damage.state
  }

  examine(met: Met): void {
    this.#committed().damage.examine(met)
  }

  stats = async () => this.#committed().stats()
  depths = async (names: readonly string[], most: number) => this.#committed().depths(names, most)
  room = async () => this.#committed().roomState()
  holdings = async () => this.#committed().held()
  busiestGoals = async (limit: number) => this.#committed().busiestGoals(limit)

  async close(): Promise<void> {
    this.#commitAll()
    await this.#checkpoints.close()
    await this.#writer.room.close()
    emptyLog(this.#writer.db, this.#complain)
    this.#writer.db.close()
  }

  #turn(): void {
    if (this.#quietTurns >= QUIET_TURNS || this.#waiting.length >= MOST_WAITING) this.#commitAll()
    else {
      this.#quietTurns += 1
      this.#soon = setImmediate(() => this.#turn())
    }
  }

  /** What was asked before counts. */
  #committed(): Writer {
    this.#commitAll()
    return this.#writer
  }

  #commitAll(): void {
    clearImmediate(this.#soon)
    this.#soon = undefined
    const batches = this.#waiting
    if (batches.length === 0) return
    this.#waiting = []
    try {
      const { outcomes, transaction } = this.#writer.commit(batches)
      for (const [i, batch] of batches.entries()) batch.resolve({ outcomes: outcomes[i]!, transaction })
    } catch (error) {
      const fault = error instanceof StorageError ? error : new StorageError('failed', String(error))
      for (const batch of batches) batch.reject(fault)
      return
    }
    this.#checkpoints.committed(this.#writer.logged)
  }
}
