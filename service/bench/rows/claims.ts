import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Route } from '../../intent/routing.ts'
import type { BusProcess } from '../../test/support/bus-process.ts'
import { residentMb, startBus } from '../bench-bus.ts'
import { type LoadResult, load } from '../generator.ts'
import { queue, ROUTE } from '../prefill.ts'
import type { Report, Row } from '../report.ts'
import type { Scale } from '../scale.ts'
import { median } from '../statistics.ts'

const CONNECTIONS = 8
const FEW = 1000
const LANES = 10_000

/** 99 of 100 wait for another worker. */
const mostlyForOthers = (i: number): Route => ({ ...ROUTE, targetWorker: i % 100 === 0 ? null : 'another' })

/** The same, spread over 10,000 goals: a claim that names none may draw from 100 of those lanes. */
function manyLanes(i: number): Route {
  const lane = i % LANES
  return { ...ROUTE, goal: `goal-${lane}`, targetWorker: lane % 100 === 0 ? null : 'another' }
}

/** How long a claim takes with little queued, with very much, and with very much in very many lanes; in turns. */
export async function claims(directory: string, scale: Scale): Promise<Report> {
  mkdirSync(directory, { recursive: true })
  const many = scale.queued
  const buses: { name: string; bus: BusProcess; claimPath: string }[] = []
  const measured: Record<string, LoadResult[]> = { few: [], many: [], lanes: [] }
  const rss: Record<string, number | null> = {}
  const rssAfter: Record<string, number | null> = {}
  try {
    for (const [name, count, routeOf, claimPath] of [
      ['few', FEW, mostlyForOthers, '/claim?goal=bench'],
      ['many', many, mostlyForOthers, '/claim?goal=bench'],
      ['lanes', many, manyLanes, '/claim'],
    ] as const) {
      const database = join(directory, `${name}.db`)
      await queue(database, count, routeOf)
      const { bus } = await startBus(database)
      rss[name] = residentMb(bus.pid)
      buses.push({ name, bus, claimPath })
    }
    const run = ({ bus, claimPath }: (typeof buses)[number], seconds: number) =>
      load({ kind: 'cycle', port: bus.port, seconds, connections: CONNECTIONS, claimPath })
    for (const one of buses) await run(one, 2)
    for (let round = 0; round < scale.rounds; round += 1) {
      for (const one of buses) measured[one.name]!.push(await run(one, scale.seconds))
    }
    for (const { name, bus } of buses) rssAfter[name] = residentMb(bus.pid)
  } finally {
    for (const { bus } of buses) await bus.kill()
  }
  const p99 = (name: string) => median(measured[name]!.map(result => result.p99['claim']!))
  const row = (what: string, name: string, limit: number): Row => ({
    what,
    measured: `${(p99(name) / p99('few')).toFixed(2)} x  (${p99(name).toFixed(1)} ms; ${p99('few').toFixed(1)} ms with ${FEW})`,
    target: `<= ${limit} x`,
    ok: p99(name) <= limit * p99('few'),
  })
  return {
    rows: [
      row(`claim p99, ${many} queued, 99 % for others`, 'many', 1.5),
      row(`claim p99, the same in ${LANES} lanes`, 'lanes', 2),
      {
        what: `resident memory with ${many} queued, MB`,
        measured: `${rss['many']?.toFixed(0)}, under load ${rssAfter['many']?.toFixed(0)}  (in ${LANES} lanes ${rss['lanes']?.toFixed(0)} and ${rssAfter['lanes']?.toFixed(0)}; with ${FEW} ${rss['few']?.toFixed(0)} and ${rssAfter['few']?.toFixed(0)})`,
        target: '<= 250',
        ok: rssAfter['many'] == null ? null : rssAfter['many'] <= 250,
      },
    ],
    raw: { measured, residentMb: rss, residentMbAfterLoad: rssAfter },
  }
}
