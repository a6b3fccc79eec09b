import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Answer } from '../crash/client.ts'
import { inconsistencies, readStored } from '../crash/stored.ts'
import { answers } from '../support/ports.ts'
import { BusOnSmallDisk } from './bus-on-small-disk.ts'
import { whyNoSmallDisk } from './small-disk.ts'

const reason = whyNoSmallDisk()
if (reason !== null) console.warn(`full disks are not tested here: ${reason}`)

const DISK_MIB = 24
const RESERVE_MIB = 8
const PUBLISHERS = 16
const PADDING = 'x'.repeat(7000)

let small: BusOnSmallDisk
/** The ids of what was answered with 201. */
let acknowledged: string[]

beforeEach(async () => {
  small = new BusOnSmallDisk(DISK_MIB, { BUS_MIN_FREE_DISK_BYTES: '2000000' })
  acknowledged = []
  await small.start()
})
afterEach(() => small.remove())

let serial = 0
async function publish(): Promise<Answer> {
  serial += 1
  const answer = await small.send('/intent', { goal: 'fill', payload: { serial, PADDING } })
  if (answer.status === 201) acknowledged.push(JSON.parse(answer.text).id)
  return answer
}

/** Publishes from many sides until each has been refused some times, and returns the refusals. */
async function fillUnderLoad(): Promise<Answer[]> {
  const refusals: Answer[] = []
  const publisher = async () => {
    for (let refused = 0; refused < 5; ) {
      const answer = await publish()
      if (answer.status === 201) continue
      refused += 1
      refusals.push(answer)
    }
  }
  await Promise.all(Array.from({ length: PUBLISHERS }, publisher))
  return refusals
}

/** Once there is room again, without anybody's help but a client that tries again. */
async function recovered(): Promise<void> {
  for (let tries = 0; (await publish()).status !== 201; tries += 1) {
    expect(tries).toBeLessThan(100)
    await sleep(50)
  }
}

/** It is ready all the while. The bus looks at its disk every second, not at every probe. */
async function warned(isWarned: boolean): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const { status, text } = await small.get('/health/ready')
    expect([status, JSON.parse(text).reasons]).toEqual([200, []])
    if (JSON.parse(text).warnings.includes('disk_low') === isWarned) return
    expect(tries).toBeLessThan(300)
    await sleep(100)
  }
}

async function everythingIsThere(): Promise<void> {
  expect(await small.bus.stop()).toEqual({ code: 0, signal: null })
  expect(inconsistencies(small.database)).toEqual([])
  const stored = new Map(readStored(small.database).map(intent => [intent.id, intent]))
  expect(acknowledged.filter(id => !stored.has(id))).toEqual([])
  // Nothing else either: a publish that was refused has not happened.
  expect(stored.size).toBe(acknowledged.length)
}

describe.skipIf(reason !== null)(`a full disk${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  test('under load refuses writes, and only those; with room again it goes on by itself, and nothing is lost', async () => {
    await small.bus.serving()
    small.disk.fill(RESERVE_MIB)
    const refusals = await fillUnderLoad()
    for (const refusal of refusals) {
      expect(refusal.status).toBe(503)
      expect(JSON.parse(refusal.text).error.code).toBe('storage_full')
      expect(Number(refusal.retryAfter)).toBeGreaterThan(0)
    }

    expect(await answers(small.bus.port, '/health')).toBe(200)
    expect(await answers(small.bus.port, '/health/live')).toBe(200)
    await warned(true)
    const [first] = acknowledged
    expect((await small.get(`/status/${first}`)).status).toBe(200)
    expect((await small.get(`/result/${first}`)).status).toBe(200)

    small.disk.relieve()
    await recovered()
    await warned(false)
    console.log(`${acknowledged.length} acknowledged, ${refusals.length} refused`)
    await everythingIsThere()
  })

  test('killed while it is full, the bus comes back with everything once there is room', async () => {
    await small.bus.serving()
    small.disk.fill(RESERVE_MIB)
    await fillUnderLoad()
    await small.bus.kill()
    small.disk.relieve()
    await small.start()
    await small.bus.serving()
    await recovered()
    await everythingIsThere()
  })

  test('stopped while it is full, it ends in order, and nothing is lost', async () => {
    await small.bus.serving()
    small.disk.fill(RESERVE_MIB)
    await fillUnderLoad()
    await everythingIsThere()
  })

  test('full when it starts, it serves reads, refuses writes, and goes on once there is room', async () => {
    await small.bus.serving()
    for (let i = 0; i < 20; i += 1) await publish()
    await small.bus.kill()
    small.disk.fill()
    await small.start()
    await small.bus.serving('/health/live')
    await warned(true)
    expect(JSON.parse((await publish()).text).error.code).toBe('storage_full')
    for (const id of acknowledged) expect((await small.get(`/status/${id}`)).status).toBe(200)
    small.disk.relieve()
    await recovered()
    await warned(false)
    await everythingIsThere()
  })

  test('a bus that has never started there says in one line that it cannot', async () => {
    await small.bus.kill()
    small.disk.wipe()
    small.disk.fill()
    await small.start()
    expect(await small.bus.refused()).toEqual({ code: 1, signal: null })
    expect(small.bus.err).toMatch(/^intent-bus: [^\n]+\n$/)
    expect(small.bus.err).toMatch(/disk is full|SQLITE_FULL|ENOSPC|database or disk/)
    small.disk.relieve()
    await small.start()
    await small.bus.serving()
    await recovered()
    await everythingIsThere()
  })
})
