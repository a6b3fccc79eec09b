import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ADMIN_SECRET, ChildBus, freePort } from '../crash/child-bus.ts'
import { type Answer, Client, call, read } from '../crash/client.ts'
import { inconsistencies } from '../crash/stored.ts'
import { SmallDisk, whyNoSmallDisk } from './small-disk.ts'

const reason = whyNoSmallDisk()
if (reason !== null) console.warn(`full disks are not tested here: ${reason}`)

const MIB = 1024 * 1024
/** With the settings of production: a reserve of 64 MiB, of which half is put by. */
const DISK_MIB = 136
const PUT_BY = 32 * MIB
const LARGE = 'x'.repeat(60_000)
/** Limits per key are not what stops it here. */
const ENV = {
  BUS_MAX_KEY_BYTES: `${2 ** 40}`,
  BUS_MAX_OPEN_INTENTS: '10000000',
  BUS_RATE_LIMIT: '1000000',
  BUS_FULFILLED_RETENTION_SECONDS: '1',
}

let disk: SmallDisk
let database: string
let bus: ChildBus
let client: Client
let key: string

beforeEach(async () => {
  disk = new SmallDisk(DISK_MIB)
  database = join(disk.path, 'bus.db')
  await start()
  await bus.serving()
  const made = await admin('/admin/generate_key', { owner: 'greedy' })
  key = JSON.parse(made.text).api_key
  await until(isPutBy)
}, 60_000)
afterEach(async () => {
  await bus.kill()
  client.close()
  disk.remove()
})

async function start(): Promise<void> {
  const port = await freePort()
  bus = new ChildBus({ database, port, env: ENV })
  client = new Client(port)
}

async function restarted(how: 'kill' | 'stop'): Promise<void> {
  await bus[how]()
  client.close()
  await start()
  await bus.serving()
}

/** The bus looks at its disk when something happens: a probe will do. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries += 1) {
    expect(tries).toBeLessThan(600)
    await client.send(read('/health/ready'))
    await sleep(100)
  }
}

const isPutBy = () => statSync(`${database}.spare`, { throwIfNoEntry: false })?.size === PUT_BY

const send = async (path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  (await client.send(call(path, body, headers)))!
const greedy = (path: string, body?: unknown) => send(path, body, { 'x-api-key': key })
const admin = (path: string, body?: unknown) => send(path, body, { 'x-admin-token': ADMIN_SECRET })
const get = async (path: string): Promise<Answer> => (await client.send(read(path)))!
const code = ({ text }: Answer): string => JSON.parse(text).error.code
const warnings = async (): Promise<string[]> => JSON.parse((await get('/health/ready')).text).warnings

/** Sends until the bus says that there is no room. @returns how many were taken */
async function untilRefused(one: (i: number) => Promise<Answer>): Promise<number> {
  for (let taken = 0; ; taken += 1) {
    const answer = await one(taken)
    if (answer.status < 300) continue
    expect([answer.status, code(answer)]).toEqual([503, 'storage_full'])
    expect(Number(answer.retryAfter)).toBeGreaterThan(0)
    return taken
  }
}

const values = () => untilRefused(i => greedy(`/set/k${i}`, { value: LARGE, ttl: 86_400 }))
const payloads = () =>
  untilRefused(() =>
    greedy('/intents', { intents: Array(50).fill({ goal: 'fill', payload: LARGE.slice(0, 8000) }) }),
  )
/** Results are taken below the reserve as well: to the last byte. */
async function results(): Promise<number> {
  const intents = Array(1000).fill({ goal: 'fill', payload: 0 })
  for (let i = 0; i < 3; i += 1) await greedy('/intents', { intents })
  const claims: { id: string; claim_token: string }[] = []
  while (claims.length < 3000) {
    claims.push(...JSON.parse((await greedy('/claim?max=100&lease=3600')).text).intents)
  }
  return untilRefused(i =>
    greedy(`/fulfill/${claims[i]!.id}`, { claim_token: claims[i]!.claim_token, result: LARGE }),
  )
}

/** Somebody else takes the rest, and a claim meets the full disk. */
async function takeTheRest(): Promise<void> {
  disk.fill()
  for (let i = 0; i < 50; i += 1) await send('/intent', { goal: 'g', payload: 0 })
}

/** What the runbook says that works, while others leave not a byte. */
async function deleteTheWayOut(): Promise<void> {
  for (const [path, body] of [
    ['/admin/cleanup', {}],
    ['/admin/purge', { confirm: true, namespace: 'default' }],
    ['/admin/revoke_key', { api_key: key }],
    ['/admin/purge', { confirm: true }],
  ] as const) {
    const answer = await admin(path, body)
    expect([path, answer.status, answer.text]).toEqual([path, 200, answer.text])
  }
}

describe.skipIf(reason !== null)(
  `a disk that one key has filled${reason === null ? '' : ` (skipped: ${reason})`}`,
  () => {
    test.each([
      ['values', values],
      ['payloads', payloads],
      ['results', results],
    ])(
      'with %s: it serves reads and deletes its way out, and all works again in the room it made',
      async (_what, fill) => {
        await send('/set/mine', { value: 'kept' })
        expect(await fill()).toBeGreaterThan(0)
        expect(await warnings()).toContain('disk_low')
        await takeTheRest()
        expect((await get('/get/mine')).status).toBe(200)
        await deleteTheWayOut()
        expect(inconsistencies(database)).toEqual([])

        disk.relieve()
        await until(async () => (await send('/intent', { goal: 'after', payload: 1 })).status === 201)
        await until(isPutBy)
        await until(async () => (await warnings()).length === 0)
        expect(await bus.stop()).toEqual({ code: 0, signal: null })
        expect(inconsistencies(database)).toEqual([])
      },
      300_000,
    )

    test.each(['kill', 'stop'] as const)(
      'after a %s on the full disk it starts again, serves reads and deletes its way out',
      async how => {
        await send('/set/mine', { value: 'kept' })
        const { id } = JSON.parse((await send('/intent', { goal: 'kept', payload: 1 })).text)
        await values()
        await takeTheRest()
        await restarted(how)
        disk.fill()
        await restarted(how)
        expect((await get('/get/mine')).status).toBe(200)
        expect((await get(`/status/${id}`)).status).toBe(200)
        expect((await get('/health/ready')).status).toBe(200)
        await deleteTheWayOut()
        disk.relieve()
        await until(async () => (await send('/intent', { goal: 'after', payload: 1 })).status === 201)
        expect(await bus.stop()).toEqual({ code: 0, signal: null })
        expect(inconsistencies(database)).toEqual([])
      },
      300_000,
    )

    test('settles, claims and admin calls continue below the reserve', async () => {
      await greedy('/intent', { goal: 'early', payload: 1 })
      await values()
      const claimed = await greedy('/claim')
      expect(claimed.status).toBe(200)
      const { id, claim_token } = JSON.parse(claimed.text)
      expect((await greedy(`/fulfill/${id}`, { claim_token, result: LARGE })).status).toBe(200)
      expect((await admin('/admin/generate_key', { owner: 'late' })).status).toBe(201)
      expect((await admin('/admin/maintenance', { on: true })).status).toBe(200)
    }, 120_000)

    test('what is put by takes its room for real', () => {
      const { size, blocks } = statSync(`${database}.spare`)
      expect([size, blocks * 512]).toEqual([PUT_BY, PUT_BY])
    })
  },
)
