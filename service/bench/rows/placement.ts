import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { compileSlowSync, whyNoPreload } from '../../test/hostile/preload.ts'
import { type Placement, startPlaced } from '../bench-bus.ts'
import { type LoadResult, load } from '../generator.ts'
import type { Report, Row } from '../report.ts'
import type { Scale } from '../scale.ts'
import { median, percentile } from '../statistics.ts'

const CONNECTIONS = 40
const SYNC_MS = 15
const PLACEMENTS: Placement[] = ['thread', 'inline']
type Measured = { load: LoadResult; healthP99: number; loopP99: number }

/**
 * The writing connection in a thread of its own against one in the HTTP thread, in turns, on the disk as it is and on
 * one where every sync takes as long as a phone's flash: what a cycle costs, and whether the loop still answers.
 */
export async function placement(directory: string, scale: Scale): Promise<Report> {
  mkdirSync(directory, { recursive: true })
  const unable = whyNoPreload()
  const disks: [name: string, env: Record<string, string>][] = [['this disk', {}]]
  if (unable === null) {
    const shim = compileSlowSync(directory)
    disks.push([`${SYNC_MS} ms a sync`, { LD_PRELOAD: shim, SLOW_SYNC_MS: `${SYNC_MS}` }])
  }

  const rows: Row[] = []
  const raw: Record<string, Record<Placement, Measured[]>> = {}
  for (const [disk, env] of disks) {
    const measured: Record<Placement, Measured[]> = { thread: [], inline: [] }
    raw[disk] = measured
    for (const [round] of Array.from({ length: scale.rounds }).entries()) {
      for (const placed of PLACEMENTS) {
        const path = join(directory, `${disk.replaceAll(' ', '-')}-${placed}-${round}.db`)
        measured[placed].push(await measure(placed, path, env, scale.seconds))
      }
    }
    for (const placed of PLACEMENTS) {
      const of = (pick: (one: Measured) => number) => median(measured[placed].map(pick))
      rows.push({
        what: `${disk}, writer ${placed === 'thread' ? 'in its own thread' : 'in the HTTP thread'}`,
        measured: `${of(m => m.load.cyclesPerSecond).toFixed(0)} cycles/s, publish p99 ${of(m => m.load.p99['publish']!).toFixed(0)} ms, /health p99 ${of(m => m.healthP99).toFixed(1)} ms, loop lag p99 ${of(m => m.loopP99).toFixed(1)} ms`,
        target: '',
        ok: null,
      })
    }
  }
  if (unable !== null)
    rows.push({ what: 'slow disk', measured: `not measured: ${unable}`, target: '', ok: null })
  return { rows, raw }
}

async function measure(
  placed: Placement,
  path: string,
  env: Record<string, string>,
  seconds: number,
): Promise<Measured> {
  const { port, stop } = await startPlaced(placed, path, env)
  try {
    await load({ kind: 'cycle', port, connections: CONNECTIONS, seconds: 2 })
    await fetch(`http://127.0.0.1:${port}/loop`)
    const health: number[] = []
    let over = false
    const asking = (async () => {
      while (!over) {
        const askedAt = performance.now()
        await (await fetch(`http://127.0.0.1:${port}/health`)).text()
        health.push(performance.now() - askedAt)
        await sleep(20)
      }
    })()
    const result = await load({ kind: 'cycle', port, connections: CONNECTIONS, seconds })
    over = true
    await asking
    const { p99 } = (await (await fetch(`http://127.0.0.1:${port}/loop`)).json()) as { p99: number }
    return { load: result, healthP99: percentile(health, 0.99), loopP99: p99 }
  } finally {
    stop()
  }
}
