import type { Op } from '../operations.ts'
import type { Outcome } from '../outcomes.ts'
import { StorageError } from '../store.ts'
import { Blame } from './damage/blame.ts'
import { apply } from './operations/apply.ts'
import type { RoomLog } from './room.ts'
import { isStorageFault } from './storage-faults.ts'
import type { WriterState } from './writer-state.ts'

/** So often one commit is done again, each time with more known of what is damaged. Beyond it all of it fails. */
const MOST_TRIES = 256

const DAMAGED = { ok: false, refusal: 'damaged' } as const

/** One transaction. @returns `null`, with all of it undone, when an operation threw and it may be tried in another way */
type Attempt = (
  carryOut: (op: Op) => Outcome,
  isWorthAnother: (error: unknown) => boolean,
) => Outcome[][] | null

/** Carries out each operation for itself, because one of the commit cannot be. */
export class Careful {
  /** Whether that is under way. */
  isOn = false
  readonly blame: Blame
  readonly #w: WriterState
  readonly #log: RoomLog

  constructor(w: WriterState, log: RoomLog) {
    this.#w = w
    this.#log = log
    this.blame = new Blame(w, log)
  }

  /** @throws {StorageError} */
  commit(attempt: Attempt): Outcome[][] {
    this.#carefully(true)
    try {
      for (let tries = 0; tries < MOST_TRIES; tries += 1) {
        const outcomes = attempt(
          op => this.#carryOutAlone(op),
          error => this.blame.learn(error),
        )
        if (outcomes !== null) return outcomes
      }
    } finally {
      this.#carefully(false)
      this.#w.damage.keep()
    }
    throw new StorageError('damaged', 'too many operations of one commit met damaged pages')
  }

  #carefully(on: boolean): void {
    const { damage } = this.#w
    this.isOn = on
    const note = on
      ? (text: string) => {
          damage.statement = text
        }
      : null
    this.#w.trace(note)
  }

  #carryOutAlone(op: Op): Outcome {
    const { blame } = this
    const w = this.#w
    if (blame.isRefused(op)) return DAMAGED
    w.step = null
    blame.alone = op
    const lapses = w.lapses.length
    w.sql.savepoint.run()
    w.damage.begin()
    try {
      const outcome = apply(w, op)
      // With the operation that changed them: a damaged page of the tallies is met by nobody else. And what the next one is rolled back to
      // must know them.
      w.lanes.flush()
      w.sql.release.run()
      blame.alone = null
      return outcome
    } catch (error) {
      if (isStorageFault(error)) throw error
      blame.alone = null
      blame.item = null
      w.sql.rollbackOne.run()
      w.sql.release.run()
      w.readied.push(...w.lanes.takeReadied())
      w.recall()
      w.lapses.length = lapses
      return this.#refuse(error)
    }
  }

  /** One of a batch, while each operation is carried out for itself: where it meets damage, it alone is refused. */
  carryOutItem<O extends Op>(op: O): Outcome<O['kind']> {
    if (this.blame.isRefused(op)) return DAMAGED
    this.blame.item = op
    const outcome = apply(this.#w, op) as Outcome<O['kind']>
    this.#w.lanes.flush()
    this.blame.item = null
    return outcome
  }

  #refuse(error: unknown): Outcome {
    this.#log.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return { ok: false, refusal: 'internal' }
  }
}
