/**
 * The contract between the broker and an engine.
 *
 * **Durability.** `commit` applies its operations in order inside one transaction and resolves only after that
 * transaction is on disk. If it rejects, none of them happened. Calls that wait while another transaction syncs share
 * the next one, in the order they came. A refusal (lease lost, key reused, …) is a value in its outcome, not a
 * failure: what the other operations did stands.
 *
 * **Time and chance come from outside.** Every operation that needs a fresh id, token or jitter brings it; `now`
 * is bus time in ms. An engine reads no clock and rolls no dice, so both engines can be held against one model.
 *
 * **Cost.** No operation costs in proportion to what is queued.
 */
import type { KeyId, Route } from '../intent/routing.ts'
import type { Op } from './operations.ts'
import type { Lapse, Outcome } from './outcomes.ts'
import type {
  AuditEntry,
  AuditSearch,
  Counts,
  DeadLetter,
  DeadLetterPage,
  DeadLetterSearch,
  Depth,
  GoalDepth,
  Intent,
  IntentPage,
  IntentResult,
  IntentSearch,
  KeyHolding,
  KeyRecord,
  Maintenance,
} from './records.ts'

/** Intents of one route that a transaction made ready for a worker. */
export type Readied = { route: Route; count: number }

/** One transaction that is on disk. */
export type Transaction = {
  operations: number
  lapses: Lapse[]
  readied: Readied[]
  /** When time-driven work is next due (bus ms, a lower bound); `null`: nothing waits for time. */
  nextDue: number | null
  /** One for each operation that met a damaged part of the store, and was undone alone. */
  damage: string[]
  /** How long it took, its sync included, in ms. */
  durationMs: number
}

/** `transaction` is one and the same object in the answer of each call that shared it. */
export type Committed = { outcomes: Outcome[]; transaction: Transaction }

export type Stats = {
  totals: Counts
  /** In which there are intents. */
  namespaces: number
  lanes: number
  /** Bus ms at which the intent that has been ready longest fell due; `null`: nothing is ready. */
  oldestReadySince: number | null
  databaseBytes: number
  walBytes: number
  room: RoomState
}

/** What can still be written. Sizes are bytes. */
export type RoomState = {
  /** On the disk of the database, for this user. */
  readonly diskFreeBytes: number
  /** Pages of the database that hold nothing: they are used before it grows. */
  readonly databaseFreeBytes: number
  /** Put by, for the day on which the disk is full; 0: given up, or not made yet. */
  readonly putByBytes: number
  /** No new intents and values are taken. */
  readonly isLow: boolean
  /** The disk is full and what was put by is given up: only what deletes is carried out. */
  readonly isSpent: boolean
}

/** What cannot be read any more. */
export type DamageState = {
  /** That are set aside: no worker gets them. */
  readonly intents: number
  /** Tables and indexes, where no intent is to blame: with any of them the next start refuses. */
  readonly parts: readonly string[]
}

/** How a copy of all of it is made: from this file, by the bus; or by a tool that the engine has for it (`pg_dump`). */
export type CopySource = { file: string } | { tool: string }

export interface Store {
  readonly copySource: CopySource
  /** The latest bus time known on disk, in ms: at most a second behind the last commit; 0 when the database is new. */
  readonly lastSeen: number
  readonly nextDue: number | null
  /** As far as it is known by now: kept, and never looked for. */
  readonly damage: DamageState
  /** @throws {StorageError} */
  commit(ops: readonly Op[], now: number): Promise<Committed>
  intent(id: string): Promise<Intent | null>
  payload(id: string): Promise<string | null>
  result(id: string): Promise<IntentResult | null>
  value(keyId: KeyId, key: string, now: number): Promise<string | null>
  /** Whether it is kept: for what is refused without a commit. */
  hasNonce(keyId: KeyId, value: string): Promise<boolean>
  keys(): Promise<KeyRecord[]>
  /** The number that the next key gets; no key has had it before. */
  nextKeyId(): Promise<number>
  /** @returns `null` when `before` is the id of an intent that is not dead */
  deadLetters(search: DeadLetterSearch): Promise<DeadLetterPage | null>
  deadLetter(intentId: string): Promise<DeadLetter | null>
  /** @returns `null` when `before` is an id that no intent has */
  intents(search: IntentSearch): Promise<IntentPage | null>
  /** The goals with the most open and claimed intents, the greatest first. */
  busiestGoals(limit: number): Promise<GoalDepth[]>
  /** Oldest first. */
  audit(search: AuditSearch): Promise<AuditEntry[]>
  /** `null`: it is not switched on. */
  maintenance(): Promise<Maintenance | null>
  /** What is kept anyway: it costs the same however much there is. */
  stats(): Promise<Stats>
  /** Of the namespaces named, as far as they have intents, and then of the `most` busiest of the others. */
  depths(names: readonly string[], most: number): Promise<Depth[]>
  /** A look at the disk, and at nothing else. */
  room(): Promise<RoomState>
  /** What each identity holds, as it is kept; one that holds nothing is left out. */
  holdings(): Promise<ReadonlyMap<KeyId, KeyHolding>>
  close(): Promise<void>
}

/**
 * Why a commit or a read did not happen. `full`: no room on the disk, worth trying again later; `damaged`: what it needs is on a part of
 * the store that is not what was written; `failed`: anything else.
 */
export type StorageFault = 'full' | 'failed' | 'damaged'

export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly reason: StorageFault

  constructor(reason: StorageFault, message: string) {
    super(message)
    this.reason = reason
  }
}
