/** What the operations work on. */
import type { Database, Statement } from 'better-sqlite3'
import type { Op } from '../operations.ts'
import type { Lapse, Outcome } from '../outcomes.ts'
import type { Readied } from '../store.ts'
import type { Damage } from './damage/damage.ts'
import type { Detour } from './damage/detour.ts'
import type { KeyHoldings } from './key-holdings.ts'
import type { Lanes } from './lanes.ts'
import type { Room } from './room.ts'
import type { WRITE_SQL } from './statements.ts'

/** What a sweep does, in this order. */
export type Step =
  | 'leases'
  | 'due'
  | 'expired'
  | 'fulfilled'
  | 'dead'
  | 'nonces'
  | 'idempotency keys'
  | 'values'
  | 'audit'
  | 'lanes'
  | 'look ahead'

/** Lower bounds of the next time-driven move, by state; Infinity when there is none. */
export type Agenda = { delayed: number; ready: number; claimed: number }

/** The one writing connection, and what is kept in memory beside it: the public parts of the `Writer`. */
export type WriterState = {
  readonly db: Database
  readonly sql: { [name in keyof typeof WRITE_SQL]: Statement }
  readonly lanes: Lanes
  readonly holdings: KeyHoldings
  readonly room: Room
  readonly damage: Damage
  /** The ways around damage; for when there is some. */
  readonly detour: Detour
  /** Parts of the time-driven work that meet damage with no intent to blame: they are left out until the next start. */
  readonly leftOut: Set<Step>
  /** The part of it that is under way. */
  step: Step | null
  /** What time did to intents in the commit under way. */
  readonly lapses: Lapse[]
  /** What became ready in the commit under way before the lanes were last read again. */
  readonly readied: Readied[]
  /** When time next moves anything. */
  next: Agenda
  /** Bus ms. */
  readonly now: number
  /** For commits of which the usual way cannot carry out all. */
  readonly careful: { readonly isOn: boolean; carryOutItem<O extends Op>(op: O): Outcome<O['kind']> }
  /** @param note of each statement that is about to be carried out; `null`: no note is taken */
  trace(note: ((text: string) => void) | null): void
  /** Reads again what is kept in memory beside the tables. */
  recall(): void
}
