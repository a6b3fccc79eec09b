import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BusProcess } from '../../test/support/bus-process.ts'
import { processorMs, residentMb, startBus, writtenBytes } from '../bench-bus.ts'
import { load } from '../generator.ts'
import type { Row } from '../report.ts'
import { percentile } from '../statistics.ts'
import { checkOut } from './revision.ts'

/** What a change may add to the processor time of a cycle with nothing of it in use, and to idle memory. */
const MOST = 1.02
const CONNECTIONS = 40
const WARM_UP_S = 3
/** From its start until a bus is idle. */
const SETTLE_MS = 3_000
const STARTS = 5

type Side = 'now' | 'before'
type Cost = { processor: number; bytes: number }

/**
 * This checkout against a commit: processor time (user and system, of the whole process) and bytes written for a cycle
 * of publish, claim and fulfil, one request each and in batches of 500; memory and time of a start. The two take turns,
 * the first of them alternating, so that a busy spell of the machine meets both; the median of the pairs' ratios counts.
 *
 * @param pairs of measured loads, 12 or more for a figure that holds
 * @param seconds of one load
 */
export async function against(
  revision: string,
  directory: string,
  pairs: number,
  seconds: number,
): Promise<Row[]> {
  const launch = checkOut(revision, join(directory, 'before'))
  const starts = await inTurns(STARTS, (side, turn) =>
    started(join(directory, `${side}-start-${turn}`, 'bus.db'), side === 'now' ? undefined : launch),
  )
  const buses = {
    now: (await startBus(join(directory, 'now.db'))).bus,
    before: (await startBus(join(directory, 'before.db'), {}, launch)).bus,
  }
  try {
    const measured = (kind: 'cycle' | 'batch', side: Side, time: number) => cost(buses[side], kind, time)
    const turns: Record<string, { now: Cost; before: Cost }[]> = {}
    for (const kind of ['cycle', 'batch'] as const) {
      for (const side of ['now', 'before'] as const) await measured(kind, side, WARM_UP_S)
      turns[kind] = await inTurns(pairs, side => measured(kind, side, seconds))
    }
    const { cycle, batch } = turns as Record<'cycle' | 'batch', { now: Cost; before: Cost }[]>
    return [
      row('processor time of a cycle', ratios(cycle, 'processor'), MOST),
      row('processor time of a cycle in batches of 500', ratios(batch, 'processor'), MOST),
      row('bytes written for a cycle', ratios(cycle, 'bytes'), null),
      row('bytes written for a cycle in batches of 500', ratios(batch, 'bytes'), null),
      row('memory of an idle bus', ratios(starts, 'resident'), MOST),
      row('time from start to ready', ratios(starts, 'ready'), null),
    ]
  } finally {
    await Promise.all([buses.now.kill(), buses.before.kill()])
  }
}

async function inTurns<T>(
  pairs: number,
  measure: (side: Side, turn: number) => Promise<T>,
): Promise<{ now: T; before: T }[]> {
  const taken: { now: T; before: T }[] = []
  for (let turn = 0; turn < pairs; turn += 1) {
    const order: Side[] = turn % 2 === 0 ? ['now', 'before'] : ['before', 'now']
    const pair: Partial<Record<Side, T>> = {}
    for (const side of order) pair[side] = await measure(side, turn)
    taken.push(pair as Record<Side, T>)
  }
  return taken
}

/** @returns ms of processor time and bytes, for one cycle */
async function cost(bus: BusProcess, kind: 'cycle' | 'batch', seconds: number): Promise<Cost> {
  const spent = processorMs(bus.pid)
  const written = writtenBytes(bus.pid)
  if (spent === null || written === null)
    throw new Error('This takes Linux: there is no /proc/PID/stat here.')
  const { cycles } = await load({
    kind,
    port: bus.port,
    connections: kind === 'cycle' ? CONNECTIONS : 8,
    seconds,
  })
  return {
    processor: (processorMs(bus.pid)! - spent) / cycles,
    bytes: (writtenBytes(bus.pid)! - written) / cycles,
  }
}

async function started(database: string, launch?: string): Promise<{ ready: number; resident: number }> {
  mkdirSync(dirname(database))
  const { bus, readyMs } = await startBus(database, {}, launch)
  try {
    await sleep(SETTLE_MS)
    return { ready: readyMs, resident: residentMb(bus.pid)! }
  } finally {
    await bus.kill()
  }
}

const ratios = <K extends string>(pairs: readonly Record<Side, Record<K, number>>[], what: K): number[] =>
  pairs.map(({ now, before }) => now[what] / before[what])

function row(what: string, of: readonly number[], most: number | null): Row {
  const [low, middle, high] = [0.25, 0.5, 0.75].map(share => percentile(of, share)) as [
    number,
    number,
    number,
  ]
  const spread = `half of ${of.length} pairs from ${low.toFixed(3)} to ${high.toFixed(3)}`
  return {
    what,
    measured: `${middle.toFixed(3)} x  (${spread})`,
    target: most === null ? '' : `<= ${most} x`,
    ok: most === null ? null : middle <= most,
  }
}
