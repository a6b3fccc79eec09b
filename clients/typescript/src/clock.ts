/** Time and chance, from outside: tests move the one and load the other. */
export type Clock = {
  /** Milliseconds that never jump: for deadlines. */
  now(): number
  /** Unix milliseconds: for signatures. */
  wall(): number
  /** Uniform in [0, 1). */
  random(): number
  /** Resolves after so many ms, or at once when the signal fires. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  random: Math.random,
  sleep: (ms, signal) =>
    new Promise(resolve => {
      if (signal?.aborted) return resolve()
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal?.addEventListener('abort', done, { once: true })
    }),
}
