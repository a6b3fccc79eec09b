import type { KeyId } from '../../intent/routing.ts'
import type { Depth, GoalDepth, KeyHolding } from '../records.ts'
import type { DamageState, RoomState, Stats, StorageFault, Transaction } from '../store.ts'
import type { Met } from './damage/damage.ts'
import type { Row } from './rows.ts'

/** What the HTTP thread and the writer's thread say to each other. */
/** `serial` counts up; an answer names the first request it answers. */
type Serial = { serial: number }
export type Batch = Serial & { kind: 'commit'; count: number; ops: Row; now: number }
export type ToWriter =
  | Batch
  | (Serial & { kind: 'stats' | 'room' | 'holdings' | 'close' })
  | (Serial & { kind: 'goals'; limit: number })
  | (Serial & { kind: 'depths'; names: readonly string[]; most: number })
  /** Gets no answer. */
  | { kind: 'examine'; met: Met }

export type FromWriter =
  | { kind: 'ready'; nextDue: number | null }
  | { kind: 'cannot-open'; message: string }
  /** Answers as many batches as it has outcomes for, the oldest first. */
  | (Serial & { kind: 'committed'; outcomes: Row[]; transaction: Transaction })
  | (Serial & { kind: 'stats'; stats: Stats })
  | (Serial & { kind: 'room'; room: RoomState })
  | (Serial & { kind: 'holdings'; byKey: ReadonlyMap<KeyId, KeyHolding> })
  | (Serial & { kind: 'goals'; goals: GoalDepth[] })
  | (Serial & { kind: 'depths'; depths: Depth[] })
  | (Serial & { kind: 'closed' })
  /** Answers so many requests that did not work out, the oldest first. */
  | (Serial & { kind: 'failed'; requests: number; reason: StorageFault; message: string })
  /** It has changed; answers nothing, as the next. */
  | { kind: 'damage'; state: DamageState }
  /** For the log. */
  | { kind: 'note' | 'complaint'; text: string }
