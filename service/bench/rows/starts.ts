import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { residentMb, startBus } from '../bench-bus.ts'
import { load } from '../generator.ts'
import { queue, ROUTE } from '../prefill.ts'
import type { Report } from '../report.ts'
import type { Scale } from '../scale.ts'
import { median } from '../statistics.ts'

/** From the start of the process to ready: on nothing, on very much after a clean stop, and after a kill under load. */
export async function starts(directory: string, scale: Scale): Promise<Report> {
  mkdirSync(directory, { recursive: true })
  const database = join(directory, 'bus.db')
  const empty: number[] = []
  let idleMb: number | null = null
  for (let i = 0; i < scale.rounds; i += 1) {
    const { bus, readyMs } = await startBus(join(directory, 'empty.db'))
    empty.push(readyMs)
    idleMb = residentMb(bus.pid)
    await bus.stop()
  }

  await queue(database, scale.queued, () => ROUTE)
  const clean: number[] = []
  const killed: number[] = []
  for (let i = 0; i < scale.rounds; i += 1) {
    const first = await startBus(database)
    clean.push(first.readyMs)
    const loading = load({ kind: 'publish', port: first.bus.port, seconds: 2, connections: 8 })
    await loading
    await first.bus.kill()
    const second = await startBus(database)
    killed.push(second.readyMs)
    await second.bus.stop()
  }
  const row = (what: string, times: number[]) => ({
    what,
    measured: `${median(times).toFixed(0)} ms  (longest ${Math.max(...times).toFixed(0)})`,
    target: '<= 1000 ms',
    ok: median(times) <= 1000,
  })
  return {
    rows: [
      row('ready on an empty database', empty),
      row(`ready on ${scale.queued} queued, after a clean stop`, clean),
      row(`ready on ${scale.queued} queued, after kill -9`, killed),
      {
        what: 'resident memory idle, MB',
        measured: `${idleMb?.toFixed(0)}`,
        target: '<= 110',
        ok: idleMb === null ? null : idleMb <= 110,
      },
    ],
    raw: { empty, clean, killed, idleMb },
  }
}
