/** SIGTERM and SIGINT, where there are any: Node, Deno and Bun have `process`, browsers have none. */

type Signals = {
  on(signal: string, listener: () => void): unknown
  off(signal: string, listener: () => void): unknown
}

/**
 * @param stop called at the first signal; the second one finds nobody listening, and ends the process
 * @returns listens no more
 */
export function onStopSignals(stop: () => void): () => void {
  const { process } = globalThis as { process?: Partial<Signals> }
  if (typeof process?.on !== 'function' || typeof process.off !== 'function') return () => undefined
  const { on, off } = process as Signals
  const forget = () => {
    for (const signal of ['SIGTERM', 'SIGINT']) off.call(process, signal, stopOnce)
  }
  const stopOnce = () => {
    forget()
    stop()
  }
  for (const signal of ['SIGTERM', 'SIGINT']) on.call(process, signal, stopOnce)
  return forget
}
