import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ADMIN_SECRET } from '../../test/support/bus-process.ts'
import { startBus } from '../bench-bus.ts'
import { type LoadResult, load } from '../generator.ts'
import { queue, ROUTE } from '../prefill.ts'
import type { Report } from '../report.ts'
import type { Scale } from '../scale.ts'
import { median } from '../statistics.ts'

/** Enough to keep commits coming, few enough to leave the processor some air: pauses are what is looked for. */
const CONNECTIONS = 2
/** Of one load, in s: as long as a backup takes, or it would be hidden among what came after it. */
const SECONDS = 4

type Made = { duration_seconds: number; bytes: number }

/** How long a publish takes while the bus backs itself up, and while it does not, by turns. */
export async function backups(directory: string, scale: Scale): Promise<Report> {
  mkdirSync(directory, { recursive: true })
  const database = join(directory, 'bus.db')
  await queue(database, scale.queued, () => ROUTE)
  const { bus } = await startBus(database)
  const run = () => load({ kind: 'publish', port: bus.port, seconds: SECONDS, connections: CONNECTIONS })
  const backup = async () => {
    const answer = await fetch(`http://127.0.0.1:${bus.port}/admin/backup`, {
      method: 'POST',
      headers: { 'x-admin-token': ADMIN_SECRET },
    })
    return (await answer.json()) as Made
  }
  try {
    await run()
    const rounds: { quiet: LoadResult; busy: LoadResult; made: Made }[] = []
    for (let round = 0; round < scale.rounds; round += 1) {
      const quiet = await run()
      const [busy, made] = await Promise.all([run(), backup()])
      rounds.push({ quiet, busy, made })
    }
    const of = (which: 'quiet' | 'busy', what: 'p50' | 'p99' | 'longest') =>
      median(rounds.map(round => round[which][what]['publish']!))
    const row = (what: 'p50' | 'p99' | 'longest') =>
      `${(of('busy', what) / of('quiet', what)).toFixed(2)} x  (${of('busy', what).toFixed(1)} ms; ${of('quiet', what).toFixed(1)} ms without)`
    const longest = of('busy', 'longest')
    return {
      rows: [
        { what: 'publish p50 during a backup', measured: row('p50'), target: '', ok: null },
        { what: 'publish p99 during a backup', measured: row('p99'), target: '', ok: null },
        {
          what: 'longest publish during a backup',
          measured: row('longest'),
          target: '<= 50 ms, or 2 x',
          ok: longest <= Math.max(50, 2 * of('quiet', 'longest')),
        },
        {
          what: `a backup of ${Math.round(statSync(database).size / 1e6)} MB took, s`,
          measured: median(rounds.map(({ made }) => made.duration_seconds)).toFixed(1),
          target: '',
          ok: null,
        },
      ],
      raw: rounds,
    }
  } finally {
    await bus.kill()
  }
}
