import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BusProcess, busOn } from '../support/bus-process.ts'
import { freePort } from '../support/ports.ts'
import { Client } from './client.ts'
import { violations } from './history.ts'
import { publisher } from './publisher.ts'
import { type Random, randomFrom } from './random.ts'
import { Recorder } from './recorder.ts'
import { inconsistencies, readStored } from './stored.ts'
import { worker } from './worker.ts'

/** The shortest lease the bus takes: many run out in the course of a run. */
const LEASE_S = 10
const EACH = 8
/** One kill in so many comes while the bus is still starting. */
const KILLED_STARTING = 0.1
const CALM_MS = 3000

export type CrashReport = {
  kills: number
  requests: number
  unknown: number
  counts: Record<string, number>
  intents: Record<string, number>
  /** From the start of the process to the first 200 of /health/ready, in ms, sorted. */
  restartsMs: number[]
  /** Broken promises; answers no client should get; faults inside the file. */
  faults: string[]
}

/** Publishers and workers at a bus that is killed again and again, and what they have to say about it in the end. */
export async function crash(kills: number, seed: number, say: (line: string) => void): Promise<CrashReport> {
  const random = randomFrom(seed)
  const directory = mkdtempSync(join(tmpdir(), 'bus-crash-'))
  const database = join(directory, 'bus.db')
  const port = await freePort()
  const start = () => busOn({ database, port, env: { BUS_LEASE_SECONDS: `${LEASE_S}` } })
  const client = new Client(port)
  const recorder = new Recorder(client)
  const actors = Array.from({ length: EACH }, (_, i) => [
    publisher(`p${i}`, recorder, randomFrom(random.between(0, 2 ** 31))),
    worker(`w${i}`, recorder, randomFrom(random.between(0, 2 ** 31))),
  ]).flat()

  try {
    const restartsMs: number[] = []
    for (let kill = 1; kill <= kills; kill += 1) {
      const ms = await oneLife(start(), recorder, random)
      if (ms !== null) restartsMs.push(ms)
      if (kill % 10 === 0) say(`${kill} kills, ${recorder.requests} requests`)
    }

    const bus = start()
    restartsMs.push(await bus.serving())
    recorder.life += 1
    recorder.gate.open()
    await sleep(CALM_MS)
    recorder.over = true
    await Promise.all(actors)
    const end = await bus.stop()

    const stored = readStored(database)
    const faults = violations({ seen: recorder.seen, stored, leaseMs: LEASE_S * 1000 })
    if (end.code !== 0)
      faults.push(`the last stop ended with ${end.code ?? end.signal}:\n${bus.out}${bus.err}`)
    return {
      kills,
      requests: recorder.requests,
      unknown: recorder.unknown,
      counts: tally(
        recorder.seen.map(event => ('outcome' in event ? `${event.kind} ${event.outcome}` : event.kind)),
      ),
      intents: tally(stored.map(intent => intent.state)),
      restartsMs: restartsMs.toSorted((a, b) => a - b),
      faults: [...faults, ...new Set(recorder.surprises), ...inconsistencies(database)],
    }
  } finally {
    recorder.over = true
    client.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** @returns how long it took to come up, or `null` when it was killed before it did */
async function oneLife(bus: BusProcess, recorder: Recorder, random: Random): Promise<number | null> {
  if (random.chance(KILLED_STARTING)) {
    await sleep(random.between(100, 600))
    await bus.kill()
    return null
  }
  const ms = await bus.serving()
  recorder.life += 1
  recorder.gate.open()
  await sleep(random.between(10, 300))
  bus.signal('SIGKILL')
  recorder.gate.close()
  await bus.exited
  return ms
}

function tally(names: string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
