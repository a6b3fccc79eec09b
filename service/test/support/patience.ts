/**
 * How long a test waits for what takes a moment, in ms. It bounds a test that hangs and judges none for being slow: a machine
 * with eight times the work it has cores for took 22 minutes for what takes 5.
 */
export const PATIENCE_MS = 300_000

/** For `vi.waitUntil` and `vi.waitFor`. */
export const PATIENT = { timeout: PATIENCE_MS, interval: 20 }
