/**
 * `npm run bench [-- --quick] [-- --only cycles]`: what the bus does on this machine, as ratios taken in one run.
 * Absolute figures are the machine's; the ratios are the bus's.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { keep, print, type Report } from './report.ts'
import { backups } from './rows/backups.ts'
import { batches } from './rows/batches.ts'
import { claims } from './rows/claims.ts'
import { cycles } from './rows/cycles.ts'
import { flash } from './rows/flash.ts'
import { longPolls } from './rows/long-polls.ts'
import { placement } from './rows/placement.ts'
import { prune } from './rows/prune.ts'
import { starts } from './rows/starts.ts'
import { synced } from './rows/synced.ts'
import { writes } from './rows/writes.ts'
import type { Scale } from './scale.ts'

const FULL: Scale = { seconds: 5, rounds: 5, queued: 1_000_000, expired: 500_000 }
const QUICK: Scale = { seconds: 2, rounds: 2, queued: 50_000, expired: 50_000 }

const BENCHES: Record<string, (directory: string, scale: Scale) => Promise<Report>> = {
  cycles,
  claims,
  prune,
  starts,
  synced,
  placement,
  batches,
  'long-polls': longPolls,
  backups,
  writes,
  flash,
}

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
})
const names = values.only === undefined ? Object.keys(BENCHES) : [values.only]
const unknown = names.find(name => !(name in BENCHES))
if (unknown !== undefined) {
  console.error(`--only takes one of: ${Object.keys(BENCHES).join(', ')}`)
  process.exit(2)
}

const directory = mkdtempSync(join(tmpdir(), 'bus-bench-'))
try {
  for (const name of names) {
    const report = await BENCHES[name]!(join(directory, name), values.quick ? QUICK : FULL)
    print(report.rows)
    keep(values.quick ? `${name}-quick` : name, report, values.quick)
    if (report.rows.some(row => row.ok === false)) process.exitCode = 1
    rmSync(join(directory, name), { recursive: true, force: true })
  }
} finally {
  rmSync(directory, { recursive: true, force: true })
}
