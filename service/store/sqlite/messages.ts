import type { Committed, Op, Stats } from '../store.ts'

/** What the HTTP thread and the writer's thread say to each other. */
export type ToWriter = { kind: 'commit'; ops: Op[]; now: number } | { kind: 'stats' } | { kind: 'close' }

export type FromWriter =
  | { kind: 'ready'; nextDue: number | null }
  | { kind: 'cannot-open'; message: string }
  | { kind: 'committed'; committed: Committed }
  | { kind: 'stats'; stats: Stats }
  | { kind: 'closed' }
  /** Answers a commit or stats that did not work out. */
  | { kind: 'failed'; reason: 'full' | 'failed'; message: string }
  /** For the log; answers nothing. */
  | { kind: 'note' | 'complaint'; text: string }
