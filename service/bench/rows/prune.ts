import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ADMIN_SECRET } from '../../test/support/bus-process.ts'
import { startBus } from '../bench-bus.ts'
import { load } from '../generator.ts'
import { fulfilledLongAgo } from '../prefill.ts'
import type { Report } from '../report.ts'
import type { Scale } from '../scale.ts'

const CONNECTIONS = 8

/** How long a publish takes while what outlived its retention is being deleted, and while nothing is. */
export async function prune(directory: string, scale: Scale): Promise<Report> {
  mkdirSync(directory, { recursive: true })
  const database = join(directory, 'bus.db')
  await fulfilledLongAgo(database, scale.expired, 8)
  const { bus } = await startBus(database, { BUS_CLEANUP_INTERVAL_SECONDS: '86400' })
  try {
    const run = (seconds: number) =>
      load({ kind: 'publish', port: bus.port, seconds, connections: CONNECTIONS })
    await run(2)
    const idle = await run(scale.seconds)
    const startedAt = performance.now()
    let tookMs: number | null = null
    const cleanup = fetch(`http://127.0.0.1:${bus.port}/admin/cleanup`, {
      method: 'POST',
      headers: { 'x-admin-token': ADMIN_SECRET },
    }).then(async answer => {
      tookMs = performance.now() - startedAt
      return (await answer.json()) as { fulfilled_deleted: number }
    })
    const busy = await run(scale.seconds)
    const stillPruning = tookMs === null
    const counts = await cleanup
    const [a, b] = [busy.p99['publish']!, idle.p99['publish']!]
    return {
      rows: [
        {
          what: `publish p99 while ${counts.fulfilled_deleted} rows are pruned`,
          measured: `${(a / b).toFixed(2)} x  (${a.toFixed(1)} ms; ${b.toFixed(1)} ms idle)`,
          target: '<= 2 x',
          ok: a <= 2 * b,
        },
        {
          what: 'that prune took, s',
          measured: `${(tookMs! / 1000).toFixed(1)}${stillPruning ? '' : '  (less than the load lasted)'}`,
          target: '',
          ok: null,
        },
      ],
      raw: { idle, busy, cleanupMs: tookMs, counts },
    }
  } finally {
    await bus.kill()
  }
}
