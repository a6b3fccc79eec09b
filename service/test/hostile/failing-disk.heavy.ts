import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Answer, Client, call, read } from '../crash/client.ts'
import { inconsistencies, readStored } from '../crash/stored.ts'
import { type BusProcess, busOn } from '../support/bus-process.ts'
import { answers, freePort } from '../support/ports.ts'
import { compileSlowSync, whyNoPreload } from './preload.ts'

const reason = whyNoPreload()
if (reason !== null) console.warn(`failing disks are not tested here: ${reason}`)

const PUBLISHERS = 16

describe.skipIf(reason !== null).each(['thread', 'inline'])(
  `a disk whose syncs fail, the writer %s${reason === null ? '' : ` (skipped: ${reason})`}`,
  writer => {
    let folder: string
    let database: string
    let failing: string
    let shim: string
    let bus: BusProcess
    let client: Client
    /** The ids of what was answered with 201. */
    let acknowledged: string[]
    /** The payloads of what was not. */
    let refused: Set<string>
    let serial = 0

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'bus-failing-'))
      database = join(folder, 'bus.db')
      failing = join(folder, 'syncs-fail')
      shim = compileSlowSync(folder)
      acknowledged = []
      refused = new Set()
      await start()
    })
    afterEach(async () => {
      await bus.kill()
      client.close()
      rmSync(folder, { recursive: true })
    })

    async function start(): Promise<void> {
      const port = await freePort()
      bus = busOn({
        database,
        port,
        env: { LD_PRELOAD: shim, FAIL_SYNC_FILE: failing, BUS_SQLITE_WRITER: writer },
      })
      client = new Client(port)
      await bus.serving()
    }

    async function publish(): Promise<Answer> {
      serial += 1
      const payload = serial
      const answer = (await client.send(call('/intent', { goal: 'g', payload })))!
      if (answer.status === 201) acknowledged.push(JSON.parse(answer.text).id)
      else refused.add(`${payload}`)
      return answer
    }

    const code = ({ text }: Answer) => JSON.parse(text).error.code

    /** Many publish; the disk begins to fail in between; each goes on until it was refused some times. */
    async function failUnderLoad(): Promise<Answer[]> {
      const refusals: Answer[] = []
      const publisher = async () => {
        for (let times = 0; times < 5; ) {
          const answer = await publish()
          if (answer.status === 201) continue
          times += 1
          refusals.push(answer)
        }
      }
      const publishers = Array.from({ length: PUBLISHERS }, publisher)
      while (acknowledged.length < 200) await sleep(5)
      writeFileSync(failing, '')
      await Promise.all(publishers)
      return refusals
    }

    const missing = () => {
      const stored = new Set(readStored(database).map(intent => intent.id))
      return acknowledged.filter(id => !stored.has(id))
    }

    test('refuses writes with storage_failed and answers reads; once it works again, so does the bus', async () => {
      for (const refusal of await failUnderLoad()) {
        expect([refusal.status, code(refusal)]).toEqual([503, 'storage_failed'])
        expect(Number(refusal.retryAfter)).toBeGreaterThan(0)
      }
      expect(await answers(bus.port, '/health')).toBe(200)
      for (const id of acknowledged.slice(-20)) {
        expect((await client.send(read(`/status/${id}`)))!.status).toBe(200)
      }
      const claim = (await client.send(call('/claim')))!
      expect(code(claim)).toBe('storage_failed')

      rmSync(failing)
      expect((await publish()).status).toBe(201)
      expect((await client.send(call('/claim')))!.status).toBe(200)
      expect(await bus.stop()).toEqual({ code: 0, signal: null })
      expect(inconsistencies(database)).toEqual([])
      expect(missing()).toEqual([])
      // Nothing else either: what was refused has not happened.
      expect(readStored(database)).toHaveLength(acknowledged.length)
    })

    test('killed meanwhile, it has lost nothing that it acknowledged, and made up nothing', async () => {
      await failUnderLoad()
      await bus.kill()
      client.close()
      rmSync(failing)
      await start()
      expect((await publish()).status).toBe(201)
      expect(await bus.stop()).toEqual({ code: 0, signal: null })
      expect(inconsistencies(database)).toEqual([])
      expect(missing()).toEqual([])
      // A commit whose sync failed stands in the log all the same, whole, and a restart finds it there.
      const known = new Set(acknowledged)
      const others = readStored(database).filter(intent => !known.has(intent.id))
      expect(others.filter(intent => !refused.has(intent.payload))).toEqual([])
    })

    test('told to stop meanwhile, it ends, and the next one starts with everything', async () => {
      await failUnderLoad()
      expect(await bus.stop()).toEqual({ code: 0, signal: null })
      client.close()
      rmSync(failing)
      await start()
      await bus.stop()
      expect(inconsistencies(database)).toEqual([])
      expect(missing()).toEqual([])
    })
  },
)
