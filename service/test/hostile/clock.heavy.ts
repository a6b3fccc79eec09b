/**
 * The wall clock jumps while the bus runs, and between two runs. libfaketime (Debian: `faketime`) gives the bus
 * a wall clock of its own, and leaves the monotonic one alone, as a clock that is set does.
 */
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Answer, Client, call, read } from '../crash/client.ts'
import { inconsistencies } from '../crash/stored.ts'
import { type BusProcess, busOn, MASTER_KEY } from '../support/bus-process.ts'
import { freePort } from '../support/ports.ts'
import { sign } from '../support/signing.ts'

const library = fakeTimeLibrary()
const reason = library === null ? 'libfaketime is not installed (Debian: faketime)' : null
if (reason !== null) console.warn(`clocks that jump are not tested here: ${reason}`)

const HOUR_S = 3600
/** The shortest lease the bus takes, and what may pass until a lease that ran out is noticed. */
const LEASE_S = 10
const SLACK_S = 5

function fakeTimeLibrary(): string | null {
  if (process.platform !== 'linux') return null
  const folders = readdirSync('/usr/lib')
    .map(name => join('/usr/lib', name, 'faketime'))
    .concat('/usr/lib/faketime')
  return folders.map(folder => join(folder, 'libfaketime.so.1')).find(path => existsSync(path)) ?? null
}

describe.skipIf(reason !== null)(
  `a wall clock that jumps${reason === null ? '' : ` (skipped: ${reason})`}`,
  () => {
    let folder: string
    let bus: BusProcess
    let client: Client
    let aheadS: number

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'bus-clock-'))
      setClock(0)
      await start()
    })
    afterEach(async () => {
      await bus.kill()
      client.close()
      rmSync(folder, { recursive: true })
    })

    /** @param seconds how far the bus's wall clock is from ours */
    function setClock(seconds: number): void {
      aheadS = seconds
      const file = join(folder, 'clock')
      writeFileSync(`${file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`)
      renameSync(`${file}.new`, file)
    }

    async function start(): Promise<void> {
      const port = await freePort()
      bus = busOn({
        database: join(folder, 'bus.db'),
        port,
        env: {
          BUS_LEASE_SECONDS: `${LEASE_S}`,
          LD_PRELOAD: library!,
          FAKETIME_TIMESTAMP_FILE: join(folder, 'clock'),
          FAKETIME_NO_CACHE: '1',
          FAKETIME_DONT_FAKE_MONOTONIC: '1',
          DONT_FAKE_MONOTONIC: '1',
        },
      })
      client = new Client(port)
      await bus.serving()
    }

    async function restart(seconds: number, how: 'stop' | 'kill' = 'stop'): Promise<void> {
      await bus[how]()
      client.close()
      setClock(seconds)
      await start()
    }

    const post = async (path: string, body: unknown = ''): Promise<Answer> =>
      (await client.send(call(path, body)))!
    const status = async (id: string) => JSON.parse((await client.send(read(`/status/${id}`)))!.text)
    const publish = async (fields: object = {}): Promise<string> =>
      JSON.parse((await post('/intent', { goal: 'g', payload: {}, backoff_base: 1, ...fields })).text).id

    async function claim(): Promise<{ id: string; claim_token: string; claim_attempts: number } | null> {
      const { text } = await post('/claim')
      return text === '' ? null : JSON.parse(text)
    }

    /** Claims until there is something, and says how long that took. */
    async function claimWithin(seconds: number) {
      const started = performance.now()
      for (;;) {
        const claimed = await claim()
        const waitedS = (performance.now() - started) / 1000
        if (claimed !== null) return { ...claimed, waitedS }
        expect(waitedS).toBeLessThan(seconds)
        await sleep(100)
      }
    }

    const wallSeconds = () => Math.floor(Date.now() / 1000) + aheadS

    async function signedAt(timestamp: number): Promise<Answer> {
      const body = '{"value":"green"}'
      const headers = sign({ method: 'POST', path: '/set/colour', body, key: MASTER_KEY }, { timestamp })
      const plain = call('/set/colour', { value: 'green' })
      return (await client.send({ ...plain, body, headers: { ...plain.headers, ...headers } }))!
    }

    test.each([
      ['forward', HOUR_S],
      ['back', -HOUR_S],
    ])('by an hour, %s: the health check shows it, live leases go on', async (_where, seconds) => {
      await publish()
      const lease = (await claim())!
      setClock(seconds)
      const { ts } = JSON.parse((await client.send(read('/health')))!.text)
      expect(Math.abs(ts - wallSeconds())).toBeLessThan(60)

      await sleep(1000)
      expect(await claim()).toBeNull()
      expect(
        (await post(`/extend_claim/${lease.id}`, { claim_token: lease.claim_token, seconds: 10 })).status,
      ).toBe(200)
      expect((await post(`/fulfill/${lease.id}`, { claim_token: lease.claim_token })).status).toBe(200)
    })

    test.each([
      ['forward', HOUR_S],
      ['back', -HOUR_S],
    ])('by an hour, %s: a lease that nobody settles ends after its own length', async (_where, seconds) => {
      const id = await publish()
      await claim()
      setClock(seconds)
      const again = await claimWithin(LEASE_S + 2 + 2 + SLACK_S)
      expect(again).toMatchObject({ id, claim_attempts: 2 })
      expect(again.waitedS).toBeGreaterThan(LEASE_S)
    })

    test.each([
      ['forward', HOUR_S],
      ['back', -HOUR_S],
    ])('by an hour, %s: a retry and a delayed intent come when they are due', async (_where, seconds) => {
      const failed = await publish({ priority: 900 })
      const first = (await claim())!
      expect(first.id).toBe(failed)
      await post(`/fail/${failed}`, { claim_token: first.claim_token })
      const delayed = await publish({ delay: 3, priority: 5 })
      setClock(seconds)
      const both = [await claimWithin(4 + SLACK_S), await claimWithin(4 + SLACK_S)]
      expect(both.map(each => each.id).toSorted()).toEqual([failed, delayed].toSorted())
      expect(both[0]!.waitedS).toBeGreaterThan(1.5)
    })

    test.each([
      ['forward', HOUR_S],
      ['back', -HOUR_S],
    ])('by an hour, %s: signatures follow the wall clock', async (_where, seconds) => {
      expect((await signedAt(wallSeconds())).status).toBe(200)
      const before = wallSeconds()
      setClock(seconds)
      expect((await signedAt(wallSeconds())).status).toBe(200)
      const stale = await signedAt(before)
      expect(stale.status).toBe(403)
      expect(stale.text).toContain('Stale timestamp')
    })

    test.each(['stop', 'kill'] as const)(
      'started an hour in the past after a %s, it goes on from the time it had',
      async how => {
        const older = await publish({ priority: 900 })
        const lease = (await claim())!
        expect(lease.id).toBe(older)
        const delayed = await publish({ delay: 3 })
        const before = await status(older)

        await restart(-HOUR_S, how)

        const newer = await publish({ delay: HOUR_S })
        expect(await status(older)).toEqual(before)
        // Not an hour before what is stored: at most the second by which a kill may set bus time back.
        const laterS = (await status(newer)).run_at - HOUR_S - ((await status(delayed)).run_at - 3)
        expect(laterS).toBeGreaterThan(-1)
        expect((await signedAt(wallSeconds())).status).toBe(200)

        expect(await claimWithin(3 + SLACK_S)).toMatchObject({ id: delayed, claim_attempts: 1 })
        const again = await claimWithin(LEASE_S + 4 + SLACK_S)
        expect(again).toMatchObject({ id: older, claim_attempts: 2 })
        expect(await bus.stop()).toEqual({ code: 0, signal: null })
        expect(inconsistencies(join(folder, 'bus.db'))).toEqual([])
      },
    )

    test('started an hour in the future, what was due in the meantime is due, and leases are over', async () => {
      const leased = await publish({ priority: 900 })
      await claim()
      const delayed = await publish({ delay: HOUR_S / 2 })
      await restart(HOUR_S)
      const ids = [await claimWithin(4 + SLACK_S), await claimWithin(4 + SLACK_S)].map(each => each.id)
      expect(ids.toSorted()).toEqual([leased, delayed].toSorted())
    })
  },
)
