import type { Op } from '../../operations.ts'
import { idsOf } from '../batches.ts'
import type { RoomLog } from '../room.ts'
import { isDamage, storageError } from '../storage-faults.ts'
import type { WriterState } from '../writer-state.ts'
import { RUNBOOK } from './marker.ts'

/** So often one commit is done again for the sake of one operation: then it is refused, and what was learnt is there for the next. */
const MOST_FOR_ONE = 32
/** A purge learns of one intent at a time, and takes a hundred in a step. */
const MOST_FOR_PURGE = 128

/** What a commit does beside its operations. */
type Aside = 'recalling' | 'noting the time'

/** What of a commit has met damage, and what is to be done about it before the commit is tried again. */
export class Blame {
  /** The operation that is carried out for itself, and the one of a batch within it. */
  alone: Op | null = null
  item: Op | null = null
  aside: Aside | null = null
  /** Whether it is noted when the bus was last seen: the page of that may be damaged. */
  keepsTime = true
  readonly #w: WriterState
  readonly #log: RoomLog
  /** Operations that met a damaged page, and what was said of them. */
  readonly #damaged = new Map<Op, string>()
  /** How often one of them was tried. */
  readonly #tries = new Map<Op, number>()
  #toldOf = ''

  constructor(w: WriterState, log: RoomLog) {
    this.#w = w
    this.#log = log
  }

  /** Before a commit. */
  begin(): void {
    this.#damaged.clear()
    this.#tries.clear()
  }

  isRefused(op: Op): boolean {
    return this.#damaged.has(op)
  }

  /** What was said of the operations that are refused. */
  get said(): string[] {
    return [...this.#damaged.values()]
  }

  /** @returns whether something was learnt of the damage, so that the commit may be tried again */
  learn(error: unknown): boolean {
    const { damage } = this.#w
    const op = this.item ?? this.alone
    const whole = this.alone
    const during = this.aside
    this.item = null
    this.alone = null
    this.aside = null
    if (!isDamage(error)) return false
    if (op === null || whole === null) return this.#learnBeside(during)
    const asked = idsOf(op)
    const tries = (this.#tries.get(op) ?? 0) + 1
    this.#tries.set(op, tries)
    const learnt = damage.findIntents(asked) || this.#leavesOut(op)
    if (learnt && tries < (op.kind === 'purge' ? MOST_FOR_PURGE : MOST_FOR_ONE)) return true
    const { message } = storageError(error)
    this.#damaged.set(op, message)
    if (whole.kind === 'settleAll' && op !== whole) {
      // A damaged page holds neighbours: all at once, or each would cost a commit.
      for (const item of whole.ops) if (damage.isLost(item.id)) this.#damaged.set(item, message)
    }
    if (!learnt) damage.nameFor(asked)
    const what = 'id' in op ? `${op.kind} of ${op.id}` : op.kind
    // Workers ask again and again, and one line says it.
    if (what !== this.#toldOf) {
      this.#log.error(`a damaged page of the database keeps a ${what} from being carried out: ${RUNBOOK}`)
    }
    this.#toldOf = what
    return true
  }

  /** What every commit needs must not meet damage twice. */
  #learnBeside(during: Aside | null): boolean {
    if (during !== 'noting the time') return during === 'recalling'
    this.#w.damage.name('table meta')
    this.keepsTime = false
    return true
  }

  /**
   * What can be passed over without refusing anybody: an intent, a part of the time-driven work, or a lane of which nothing can be
   * claimed.
   */
  #leavesOut(op: Op): boolean {
    const { damage, detour, leftOut, step } = this.#w
    const { lane, intent } = damage
    if (op.kind === 'purge') return intent > 0 && damage.leave(intent)
    if (step === null && op.kind !== 'claim') return false
    if (intent > 0 && damage.passBy(intent)) return true
    if (step !== null) leftOut.add(step)
    else if (lane === 0 || detour.isLost(lane)) return false
    else detour.lose(lane)
    damage.nameByStatement()
    return true
  }
}
