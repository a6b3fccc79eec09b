import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startBus, startNoop } from '../bench-bus.ts'
import { type LoadResult, load } from '../generator.ts'
import type { Report } from '../report.ts'
import type { Scale } from '../scale.ts'
import { median } from '../statistics.ts'

/** Enough that the bus always has something to do: with 4, each waits for its own answer 30 % of the time. */
const CONNECTIONS = 8

/** Full cycles by batches: 500 published at once, claimed a hundred at a time, settled at once; against a no-op's requests. */
export async function batches(directory: string, scale: Scale): Promise<Report> {
  mkdirSync(directory, { recursive: true })
  const { bus } = await startBus(join(directory, 'bus.db'))
  const noop = await startNoop()
  const rounds: { bus: LoadResult; noop: LoadResult }[] = []
  try {
    const run = (kind: 'batch' | 'noop', port: number, seconds: number) =>
      load({ kind, port, seconds, connections: CONNECTIONS })
    await run('batch', bus.port, 2)
    for (let round = 0; round < scale.rounds; round += 1) {
      rounds.push({
        noop: await run('noop', noop.port, scale.seconds),
        bus: await run('batch', bus.port, scale.seconds),
      })
    }
  } finally {
    noop.stop()
    await bus.kill()
  }
  const cycles = median(rounds.map(round => round.bus.cyclesPerSecond))
  const ratio = median(rounds.map(round => round.bus.cyclesPerSecond / round.noop.cyclesPerSecond))
  return {
    rows: [
      {
        what: 'full cycles by batches of 500',
        measured: `${cycles.toFixed(0)}/s  (${ratio.toFixed(1)} x those of a no-op that takes them one by one)`,
        target: '>= 50000/s',
        ok: cycles >= 50_000,
      },
    ],
    raw: rounds,
  }
}
