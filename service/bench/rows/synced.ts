import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startBus } from '../bench-bus.ts'
import { rawCommits } from '../commits.ts'
import { load } from '../generator.ts'
import type { Report } from '../report.ts'
import type { Scale } from '../scale.ts'
import { median } from '../statistics.ts'

/** One publisher, one connection: a commit per publish, so nothing is shared; against what bare SQLite commits. */
export async function synced(directory: string, scale: Scale): Promise<Report> {
  mkdirSync(directory, { recursive: true })
  const { bus } = await startBus(join(directory, 'bus.db'))
  const rounds: { raw: number; publishes: number }[] = []
  try {
    await load({ kind: 'publish', port: bus.port, seconds: 1, connections: 1 })
    for (let round = 0; round < scale.rounds; round += 1) {
      const raw = rawCommits(directory, scale.seconds / 2)
      const { requestsPerSecond } = await load({
        kind: 'publish',
        port: bus.port,
        seconds: scale.seconds,
        connections: 1,
      })
      rounds.push({ raw, publishes: requestsPerSecond })
    }
  } finally {
    await bus.kill()
  }
  const raw = median(rounds.map(round => round.raw))
  const publishes = median(rounds.map(round => round.publishes))
  return {
    rows: [
      {
        what: 'publishes at 1 connection, of raw synced commits',
        measured: `${((publishes / raw) * 100).toFixed(0)} %  (${publishes.toFixed(0)}/s; raw ${raw.toFixed(0)}/s)`,
        // Never more than the disk syncs: then something was answered before it was safe.
        target: '<= 100 %',
        ok: publishes <= raw * 1.05,
      },
    ],
    raw: rounds,
  }
}
