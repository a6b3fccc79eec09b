/**
 * Where well ends and trouble begins: the alerts fire past these, the panels turn red at them. Times in seconds, sizes in
 * bytes, shares from 0 to 1.
 */
export const LIMITS = {
  /** The oldest ready intent, while nobody claims anything. */
  unclaimedAge: 300,
  /** The oldest ready intent, whoever claims. */
  oldestReadyAge: 900,
  /** Leases that run out, of those that were given. */
  expiredShare: 0.1,
  /** Requests answered 5xx. */
  errorShare: 0.05,
  /** A group commit, 99th percentile. SD cards take 0.05 to 0.2 on a good day. */
  commitP99: 0.5,
  /** The store bounds the log at 64 MiB; four times that means that something keeps it from being copied. */
  walBytes: 256 * 1024 * 1024,
  /** Below it the bus takes no new intents and values (`BUS_MIN_FREE_DISK_BYTES`). */
  diskFreeBytes: 64 * 1024 * 1024,
  /** A backup a day, and two hours to make it. */
  backupAge: 26 * 3600,
  /** Requests from wrong clocks in 15 minutes. One is a client that slept with a request in hand. */
  staleTimestamps: 4,
  /** Requests with a wrong key in 15 minutes. A person mistypes less often. */
  badCredentials: 20,
  /** Starts in 15 minutes. Two are an upgrade that went back. */
  restarts: 2,
} as const
