/** SIGTERM and SIGINT, where there are any: Node, Deno and Bun have `process`, browsers have none. */

type Signals = {
  on(signal: string, listener: () => void): unknown
  off(signal: string, listener: () => void): unknown
}

const SIGNALS = ['SIGTERM', 'SIGINT']

/** One listener for all workers of the process: from the eleventh on, Node warns of a leak. */
const stops = new Set<() => void>()

/**
 * @param stop called at the first signal; the second one finds nobody listening, and ends the process
 * @returns listens no more
 */
export function onStopSignals(stop: () => void): () => void {
  if (stops.size === 0) listen('on')
  stops.add(stop)
  return () => {
    if (stops.delete(stop) && stops.size === 0) listen('off')
  }
}

function stopAll(): void {
  listen('off')
  const all = [...stops]
  stops.clear()
  for (const stop of all) stop()
}

function listen(verb: 'on' | 'off'): void {
  const { process } = globalThis as { process?: Partial<Signals> }
  for (const signal of SIGNALS) process?.[verb]?.(signal, stopAll)
}
