/** What the broker tells about its work, after the commit it speaks of is on disk. The metrics listen. */
export interface Observer {
  published(namespace: string, replayed: boolean): void
  claimed(namespace: string, waitedMs: number): void
  claimedNothing(): void
  fulfilled(namespace: string, heldMs: number): void
  failed(namespace: string, heldMs: number): void
  retried(namespace: string): void
  leaseExpired(namespace: string): void
  died(namespace: string, reason: DeathReason): void
  committed(durationMs: number, operations: number): void
  storageFailed(reason: 'full' | 'failed', error: unknown): void
}

export const DEATH_REASONS = ['max_retries', 'cancelled', 'expired'] as const
export type DeathReason = (typeof DEATH_REASONS)[number]
