import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startBus, startNoop } from '../bench-bus.ts'
import { rawCommits } from '../commits.ts'
import { type LoadResult, load } from '../generator.ts'
import type { Report } from '../report.ts'
import type { Scale } from '../scale.ts'
import { median } from '../statistics.ts'

const CONNECTIONS = 40

/** Publish, claim, fulfil at 40 connections, and a no-op given as many requests, in turns. */
export async function cycles(directory: string, scale: Scale): Promise<Report> {
  mkdirSync(directory, { recursive: true })
  const { bus } = await startBus(join(directory, 'bus.db'))
  const noop = await startNoop()
  const rounds: { bus: LoadResult; noop: LoadResult; rawCommitsPerSecond: number }[] = []
  try {
    const run = (kind: 'cycle' | 'noop', port: number, seconds: number) =>
      load({ kind, port, seconds, connections: CONNECTIONS })
    // Unmeasured: until both are compiled.
    await run('noop', noop.port, 1)
    await run('cycle', bus.port, 2)
    for (let round = 0; round < scale.rounds; round += 1) {
      rounds.push({
        noop: await run('noop', noop.port, scale.seconds),
        bus: await run('cycle', bus.port, scale.seconds),
        rawCommitsPerSecond: rawCommits(directory, 1),
      })
    }
  } finally {
    noop.stop()
    await bus.kill()
  }
  const ratio = median(rounds.map(round => round.bus.requestsPerSecond / round.noop.requestsPerSecond))
  const of = (pick: (round: (typeof rounds)[number]) => number) => median(rounds.map(pick))
  const worst = (which: 'p50' | 'p99') =>
    ['publish', 'claim', 'fulfil'].map(name => of(round => round.bus[which][name]!).toFixed(1)).join(' / ')
  return {
    rows: [
      {
        what: 'cycles at 40 connections, of a no-op',
        measured: `${(ratio * 100).toFixed(0)} %  (${of(r => r.bus.cyclesPerSecond).toFixed(0)} cycles/s; no-op ${of(r => r.noop.cyclesPerSecond).toFixed(0)})`,
        target: '>= 50 %',
        ok: ratio >= 0.5,
      },
      {
        what: 'cycles per raw synced commit',
        measured: `${of(r => r.bus.cyclesPerSecond / r.rawCommitsPerSecond).toFixed(2)}  (${of(r => r.rawCommitsPerSecond).toFixed(0)} commits/s)`,
        target: '',
        ok: null,
      },
      { what: 'publish / claim / fulfil p50, ms', measured: worst('p50'), target: '', ok: null },
      { what: 'publish / claim / fulfil p99, ms', measured: worst('p99'), target: '', ok: null },
    ],
    raw: rounds,
  }
}
