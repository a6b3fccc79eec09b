import type { Cause } from '../intent/lifecycle.ts'
import type { StorageFault } from '../store/store.ts'

/** An intent that became a dead letter. */
export type Died = { id: string; namespace: string; cause: Cause }

/** What the broker tells about its work, after the commit it speaks of is on disk. The metrics and the log listen. */
export interface Observer {
  published(namespace: string, replayed: boolean): void
  claimed(namespace: string, waitedMs: number): void
  claimedNothing(): void
  fulfilled(namespace: string, heldMs: number): void
  failed(namespace: string, heldMs: number): void
  retried(namespace: string): void
  leaseExpired(namespace: string): void
  /** Those that one transaction, or one request, made dead letters. */
  died(deaths: readonly Died[]): void
  committed(durationMs: number, operations: number): void
  storageFailed(reason: StorageFault, error: unknown): void
}
