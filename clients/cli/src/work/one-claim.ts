import { type ClaimOptions, IntentBus, type Persistence, UnreachableError } from '@intent-bus/client/index'

/** How much later than it was asked to a bus may answer. */
const GRACE_MS = 5000
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * A client that claims until it has got something or the time is over. It asks for no longer wait than is left, and
 * hangs up on nothing: what is given out in the last moment is taken.
 */
export class OneClaim extends IntentBus {
  #until = Number.POSITIVE_INFINITY
  #over: () => void = () => undefined

  /** @param over called once there is nothing more to claim */
  within(seconds: number, over: () => void): void {
    this.#until = performance.now() + seconds * 1000
    this.#over = over
  }

  override async claimMany<G extends string>(
    options: ClaimOptions & { goal?: G; max?: number } = {},
    { signal, onRetry, ...persistence }: Persistence = {},
  ) {
    const leftMs = Math.max(0, Math.ceil(this.#until - performance.now()))
    const late = new AbortController()
    const timer = setTimeout(
      () => late.abort(new UnreachableError('timeout', 'The bus gave no answer in time.')),
      Math.min(leftMs + GRACE_MS, LONGEST_TIMER_MS),
    )
    try {
      const claims = await super.claimMany<G>(
        { ...options, wait: Math.min(options.wait ?? 0, leftMs / 1000) },
        {
          ...persistence,
          signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]),
          onRetry: (error, delayMs) => {
            if (performance.now() + delayMs > this.#until) late.abort(error)
            else onRetry?.(error, delayMs)
          },
        },
      )
      if (claims.length > 0 || performance.now() >= this.#until) this.#over()
      return claims
    } finally {
      clearTimeout(timer)
    }
  }
}
