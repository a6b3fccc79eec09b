import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Client, call, read } from '../crash/client.ts'
import { inconsistencies } from '../crash/stored.ts'
import { type BusProcess, busOn } from '../support/bus-process.ts'
import { freePort } from '../support/ports.ts'
import { compileSlowSync, whyNoPreload } from './preload.ts'

const reason = whyNoPreload()
if (reason !== null) console.warn(`slow disks are not tested here: ${reason}`)

/** About what an SD card takes. */
const SYNC_MS = 15
const WORKERS = 40
const LOAD_MS = 6000
const LOOK_EVERY_MS = 5
const HEALTH_P99_MS = 50

describe.skipIf(reason !== null)(`a slow disk${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  let folder: string
  let bus: BusProcess

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bus-slow-'))
    bus = busOn({
      database: join(folder, 'bus.db'),
      port: await freePort(),
      env: { LD_PRELOAD: compileSlowSync(folder), SLOW_SYNC_MS: `${SYNC_MS}` },
    })
    await bus.serving()
  })
  afterAll(async () => {
    await bus.kill()
    rmSync(folder, { recursive: true })
  })

  test('makes one commit slow', async () => {
    const client = new Client(bus.port)
    const started = performance.now()
    for (let i = 0; i < 10; i += 1) await client.send(call('/intent', { goal: 'alone', payload: {} }))
    expect(performance.now() - started).toBeGreaterThan(10 * SYNC_MS)
    client.close()
  })

  test(`shares each sync among those who wait, and /health answers within ${HEALTH_P99_MS} ms (p99)`, async () => {
    const load = new Client(bus.port, WORKERS)
    let over = false
    let writes = 0
    const write = async (path: string, body?: object): Promise<string> => {
      const answer = await load.send(call(path, body))
      expect([200, 201, 204]).toContain(answer!.status)
      writes += 1
      return answer!.text
    }
    let cycles = 0
    const worker = async () => {
      while (!over) {
        await write('/intent', { goal: 'load', payload: {} })
        const claim = await write('/claim?goal=load')
        if (claim === '') continue
        const { id, claim_token } = JSON.parse(claim)
        await write(`/fulfill/${id}`, { claim_token })
        cycles += 1
      }
    }
    const started = performance.now()
    const workers = Array.from({ length: WORKERS }, worker)
    const latencies = await healthLatencies(started + LOAD_MS)
    over = true
    await Promise.all(workers)
    const elapsedMs = performance.now() - started
    load.close()

    const at = (share: number) => latencies[Math.floor(latencies.length * share)]!
    const syncsAtMost = elapsedMs / SYNC_MS
    console.log(
      `${((cycles / elapsedMs) * 1000).toFixed(0)} cycles/s at ${SYNC_MS} ms a sync,`,
      `${(writes / syncsAtMost).toFixed(1)} writes a sync at least;`,
      `/health p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms, of ${latencies.length}`,
    )
    expect(writes).toBeGreaterThan(5 * syncsAtMost)
    expect(at(0.99)).toBeLessThan(HEALTH_P99_MS)
    expect(await bus.stop()).toEqual({ code: 0, signal: null })
    expect(inconsistencies(join(folder, 'bus.db'))).toEqual([])
  })

  /** Sorted, in ms: one call after the other on a connection of its own. */
  async function healthLatencies(until: number): Promise<number[]> {
    const client = new Client(bus.port, 1)
    const latencies: number[] = []
    while (performance.now() < until) {
      const asked = performance.now()
      expect((await client.send(read('/health')))!.status).toBe(200)
      latencies.push(performance.now() - asked)
      await sleep(LOOK_EVERY_MS)
    }
    client.close()
    return latencies.toSorted((a, b) => a - b)
  }
})
