import { constants } from 'node:os'

/**
 * A terminal's Ctrl-C reaches both npm and the bus, and npm passes its own on: two signals, one key press.
 * What follows this close (ms) is not a second request.
 */
const SAME_REQUEST_MS = 300

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type StopSignal = (typeof STOP_SIGNALS)[number]

/**
 * SIGTERM, SIGINT and SIGHUP, which is the terminal that closes: finish what has begun, then exit 0. A second one exits at once with 128 + its number; so does
 * the first when `stop` is not done after `withinMs`, with 1.
 *
 * @param stop closes what is open by then, in order
 * @param lastLines resolves when the log is written, or soon after if nobody reads it
 * @param say hears what the log should
 */
export function stopOnSignal(options: {
  withinMs: () => number
  stop: () => Promise<void>
  lastLines: () => Promise<unknown>
  say: (level: 'info' | 'fatal', line: string, error?: unknown) => void
}): void {
  let askedAt: number | undefined
  const exit = (code: number) => void options.lastLines().finally(() => process.exit(code))
  const asked = (signal: StopSignal) => {
    if (askedAt !== undefined) {
      if (performance.now() - askedAt > SAME_REQUEST_MS) process.exit(128 + constants.signals[signal])
      return
    }
    askedAt = performance.now()
    const withinMs = options.withinMs()
    options.say('info', `${signal}: finishing what has begun, within ${withinMs / 1000} s`)
    setTimeout(() => {
      options.say('fatal', `not done after ${withinMs / 1000} s (BUS_DRAIN_SECONDS): stopping as it is`)
      exit(1)
    }, withinMs)
    options.stop().then(
      () => {
        options.say('info', 'stopped')
        exit(0)
      },
      error => {
        options.say('fatal', 'could not stop cleanly', error)
        exit(1)
      },
    )
  }
  for (const signal of STOP_SIGNALS) process.on(signal, asked)
}
