/** What the preload and whoever started the bus tell each other. */

/** A request whose answer is out: CPU time of the main thread in its longest turn, and from its headers to its answer. */
export type Answered = { id: string; longestMs: number; tookMs: number }

/** A piece of work of the main thread, and what was under way then. `id` is the `X-Request-ID` that was sent, if any. */
export type LongTurn = { ms: number; requests: readonly { id: string; route: string }[] }

export type FromBus =
  | { kind: 'worked'; answered: readonly Answered[]; turns: readonly LongTurn[] }
  | { kind: 'collected'; memory: NodeJS.MemoryUsage }

export type ToBus = 'collect'
