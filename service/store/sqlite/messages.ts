import type { Op, Outcome, Stats, Transaction } from '../store.ts'

/** What the HTTP thread and the writer's thread say to each other. */
export type Batch = { kind: 'commit'; ops: Op[]; now: number }
export type ToWriter = Batch | { kind: 'stats' } | { kind: 'close' }

export type FromWriter =
  | { kind: 'ready'; nextDue: number | null }
  | { kind: 'cannot-open'; message: string }
  /** Answers as many batches as it has outcomes for, the oldest first. */
  | { kind: 'committed'; outcomes: Outcome[][]; transaction: Transaction }
  | { kind: 'stats'; stats: Stats }
  | { kind: 'closed' }
  /** Answers so many requests that did not work out, the oldest first. */
  | { kind: 'failed'; requests: number; reason: 'full' | 'failed'; message: string }
  /** For the log; answers nothing. */
  | { kind: 'note' | 'complaint'; text: string }
