/**
 * `npm run bench [-- --quick] [-- --only cycles]`: what the bus does on this machine, as ratios taken in one run.
 * Absolute figures are the machine's; the ratios are the bus's. `--against REV [--pairs 12]` compares this checkout with
 * a commit instead.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { against } from './against/compare.ts'
import { keep, print, type Report, type Row } from './report.ts'
import { backups } from './rows/backups.ts'
import { batches } from './rows/batches.ts'
import { claims } from './rows/claims.ts'
import { cycles } from './rows/cycles.ts'
import { flash } from './rows/flash.ts'
import { largeBodies } from './rows/large-bodies.ts'
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
  'large-bodies': largeBodies,
}

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    against: { type: 'string' },
    pairs: { type: 'string', default: '12' },
  },
})
const pairs = Number(values.pairs)
if (!Number.isInteger(pairs) || pairs < 1) {
  console.error(`--pairs takes a whole number from 1; it got ${values.pairs}`)
  process.exit(2)
}
const names = values.only === undefined ? Object.keys(BENCHES) : [values.only]
const unknown = names.find(name => !(name in BENCHES))
if (unknown !== undefined) {
  console.error(`--only takes one of: ${Object.keys(BENCHES).join(', ')}`)
  process.exit(2)
}

const directory = mkdtempSync(join(tmpdir(), 'bus-bench-'))
const scale = values.quick ? QUICK : FULL
try {
  if (values.against === undefined) await measure(names)
  else judge(await against(values.against, directory, pairs, scale.seconds))
} finally {
  rmSync(directory, { recursive: true, force: true })
}

async function measure(benches: readonly string[]): Promise<void> {
  for (const name of benches) {
    const report = await BENCHES[name]!(join(directory, name), scale)
    judge(report.rows)
    keep(values.quick ? `${name}-quick` : name, report, values.quick)
    rmSync(join(directory, name), { recursive: true, force: true })
  }
}

function judge(rows: readonly Row[]): void {
  print(rows)
  if (rows.some(row => row.ok === false)) process.exitCode = 1
}
