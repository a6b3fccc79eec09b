import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { MASTER_KEY } from '../../test/support/bus-process.ts'
import { sign } from '../../test/support/signing.ts'
import { startBus, writtenBytes } from '../bench-bus.ts'
import { load } from '../generator.ts'
import type { Report, Row } from '../report.ts'
import type { Scale } from '../scale.ts'

const KIB = 1024
const DAY_S = 86_400
/** Between two cleanups. */
const CLEANUP_S = 60
/** One after the other, so that there are checkpoints among them. */
const SIGNED_JOBS = 1000

/**
 * How much a job writes to the disk, publish, claim and fulfil together: what wears a memory card. By Linux's count of
 * the bytes that the process has the disk write, whole pages of 4 KiB (`write_bytes` of /proc/PID/io, proc_pid_io(5)).
 */
export async function writes(directory: string, scale: Scale): Promise<Report> {
  mkdirSync(directory, { recursive: true })
  const { bus } = await startBus(join(directory, 'bus.db'))
  try {
    if (writtenBytes(bus.pid) === null) {
      const row = {
        what: 'written for a job',
        measured: 'not measured: no /proc/PID/io',
        target: '',
        ok: null,
      }
      return { rows: [row], raw: null }
    }
    const perJob = async (jobs: () => Promise<number>): Promise<number> => {
      const before = writtenBytes(bus.pid)!
      const done = await jobs()
      return (writtenBytes(bus.pid)! - before) / done
    }
    const loaded = (kind: 'cycle' | 'batch', connections: number) =>
      perJob(async () => (await load({ kind, port: bus.port, connections, seconds: scale.seconds })).cycles)

    const measured: [what: string, bytes: number][] = [
      ['one at a time', await loaded('cycle', 1)],
      ['one at a time, signed', await perJob(() => signedCycles(bus.port, SIGNED_JOBS))],
      ['40 side by side', await loaded('cycle', 40)],
      ['in batches of 500', await loaded('batch', 1)],
    ]
    const idleSeconds = scale.rounds * CLEANUP_S
    const idleDaily = ((await writtenIdle(join(directory, 'idle.db'), idleSeconds)) / idleSeconds) * DAY_S
    const rows: Row[] = measured.map(([what, bytes]) => ({
      what: `written for a job, ${what}`,
      measured: `${(bytes / KIB).toFixed(1)} KiB`,
      target: '',
      ok: null,
    }))
    const idle = {
      what: 'written in a day with nothing to do',
      measured: `${(idleDaily / 1e6).toFixed(0)} MB`,
      target: '',
      ok: null,
    }
    return { rows: [...rows, idle], raw: { ...Object.fromEntries(measured), idleDaily, idleSeconds } }
  } finally {
    await bus.stop()
  }
}

/** @returns bytes that a bus without work writes in this time, after its start */
async function writtenIdle(database: string, seconds: number): Promise<number> {
  const { bus } = await startBus(database)
  try {
    await sleep(5000)
    const before = writtenBytes(bus.pid)!
    await sleep(seconds * 1000)
    return writtenBytes(bus.pid)! - before
  } finally {
    await bus.stop()
  }
}

/** Each of the three requests with a nonce, which the bus keeps. @returns how many jobs */
async function signedCycles(port: number, jobs: number): Promise<number> {
  const ask = async (path: string, fields?: object): Promise<Record<string, string>> => {
    const body = fields === undefined ? '' : JSON.stringify(fields)
    const signed = sign(
      { method: 'POST', path, body, key: MASTER_KEY },
      { timestamp: Math.floor(Date.now() / 1000) },
    )
    const headers = { 'x-api-key': MASTER_KEY, ...signed }
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as Record<string, string>
  }
  for (let i = 0; i < jobs; i += 1) {
    await ask('/intent', {
      goal: 'signed',
      payload: { to: 'someone@example.org', subject: 'hello', attempt: 1 },
    })
    const { id, claim_token } = await ask('/claim?goal=signed')
    await ask(`/fulfill/${id}`, { claim_token, result: { sent: true } })
  }
  return jobs
}
