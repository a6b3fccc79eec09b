import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { compileSlowSync, whyNoPreload } from '../../test/hostile/preload.ts'
import { type Placement, startPlaced, writtenBytes } from '../bench-bus.ts'
import { type LoadResult, load } from '../generator.ts'
import type { Report, Row } from '../report.ts'
import type { Scale } from '../scale.ts'
import { median } from '../statistics.ts'

const CONNECTIONS = 40
const KIB = 1024
const PAGE = 4096
/** What flash writes in a millisecond, in KiB: 10 MB/s, as old phones do with pages here and there. */
const KIB_PER_MS = 10
/** A log has to grow, to be copied, and to begin anew, while one measures. */
const TIMES_AS_LONG = 4
const ROUNDS = 2

type Case = { syncMs: number; placement: Placement; logMib: number }
const CASES: Case[] = [5, 20, 60].flatMap(syncMs => [
  { syncMs, placement: 'thread', logMib: 16 },
  { syncMs, placement: 'inline', logMib: 16 },
  // Where the serving thread copies the log itself, its length is how long nobody is answered.
  ...(syncMs === 20
    ? [
        ...[1, 4, 64].map(logMib => ({ syncMs, placement: 'thread' as const, logMib })),
        ...[1, 4].map(logMib => ({ syncMs, placement: 'inline' as const, logMib })),
      ]
    : []),
])
type Measured = { alone: LoadResult; together: LoadResult; bytesPerJob: number }

/**
 * The bus on the flash of a phone: a sync takes so long, and as long again as what was written needs, one at a time. By
 * where the writer is, and by how long the log may grow; each against the first of its kind of flash, in turns.
 */
export async function flash(directory: string, scale: Scale): Promise<Report> {
  mkdirSync(directory, { recursive: true })
  const unable = whyNoPreload()
  if (unable !== null) {
    const row = { what: 'slow flash', measured: `not measured: ${unable}`, target: '', ok: null }
    return { rows: [row], raw: null }
  }
  const shim = compileSlowSync(directory)
  const measured = CASES.map((): Measured[] => [])
  for (let round = 0; round < Math.min(scale.rounds, ROUNDS); round += 1) {
    for (const [i, each] of CASES.entries()) {
      const env = {
        LD_PRELOAD: shim,
        SLOW_SYNC_MS: `${each.syncMs}`,
        SLOW_SYNC_KIB_PER_MS: `${KIB_PER_MS}`,
      }
      const database = join(directory, `${round}-${i}.db`)
      measured[i]!.push(await measure(each, database, env, scale.seconds))
    }
  }

  const rows: Row[] = CASES.map(({ syncMs, placement, logMib }, i) => {
    const first = measured[CASES.findIndex(each => each.syncMs === syncMs)]!
    const of = (pick: (one: Measured) => number) => median(measured[i]!.map(pick))
    const ratio = median(
      measured[i]!.map((one, round) => one.together.cyclesPerSecond / first[round]!.together.cyclesPerSecond),
    )
    return {
      what: `${syncMs} ms a sync, writer ${placement}, log of ${logMib} MiB`,
      measured: `${of(m => m.alone.cyclesPerSecond).toFixed(1)} jobs/s alone, ${of(m => m.together.cyclesPerSecond).toFixed(0)} by ${CONNECTIONS} (${ratio.toFixed(2)} x), p99 ${of(m => slowest(m.together.p99)).toFixed(0)} ms, longest ${of(m => slowest(m.together.longest)).toFixed(0)} ms, ${of(m => m.bytesPerJob / KIB).toFixed(1)} KiB a job`,
      target: '',
      ok: null,
    }
  })
  return { rows, raw: CASES.map((each, i) => ({ ...each, measured: measured[i] })) }
}

/** Of publish, claim and fulfil. */
const slowest = (latencies: Record<string, number>): number => Math.max(...Object.values(latencies))

async function measure(
  { placement, logMib }: Case,
  database: string,
  env: Record<string, string>,
  seconds: number,
): Promise<Measured> {
  const { port, pid, stop } = await startPlaced(placement, database, env, (logMib * KIB * KIB) / PAGE)
  try {
    const alone = await load({ kind: 'cycle', port, connections: 1, seconds })
    const before = writtenBytes(pid) ?? Number.NaN
    const together = await load({
      kind: 'cycle',
      port,
      connections: CONNECTIONS,
      seconds: seconds * TIMES_AS_LONG,
    })
    return { alone, together, bytesPerJob: ((writtenBytes(pid) ?? Number.NaN) - before) / together.cycles }
  } finally {
    stop()
  }
}
