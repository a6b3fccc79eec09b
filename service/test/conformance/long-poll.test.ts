import { setImmediate } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Op } from '../../store/operations.ts'
import { StorageError } from '../../store/store.ts'
import { busForFile, busForTest, MASTER, type TestBus } from '../support/bus.ts'
import { type Client, refusal } from '../support/client.ts'
import { open } from '../support/raw.ts'

const bus = await busForFile()
const { master } = bus

beforeEach(async () => {
  await bus.admin.post('/admin/purge', { confirm: true })
  bus.chance.always = 0
})

/** Resolves when so many workers wait and nothing is on its way through the store. */
async function waiting(count: number, of: TestBus = bus): Promise<void> {
  while ((await of.waitingClaims()) !== count) await setImmediate()
}

const wait = (query = '', client: Client = master, seconds = 60) =>
  client.post(`/claim?wait=${seconds}${query && `&${query}`}`)

test('what is there already is answered at once', async () => {
  const id = await master.publish()
  expect((await wait()).json.id).toBe(id)
  expect(await bus.waitingClaims()).toBe(0)
})

test('nothing is 204 with Retry-After when the time runs out, not before', async () => {
  let answered = false
  const answer = wait('', master, 30).finally(() => {
    answered = true
  })
  await waiting(1)
  await bus.clock.advance(29_999)
  await waiting(1)
  expect(answered).toBe(false)
  await bus.clock.advance(1)
  expect((await answer).status).toBe(204)
  expect((await answer).headers.get('retry-after')).toBe('1')
  expect(await bus.waitingClaims()).toBe(0)
})

describe('a waiting worker gets an intent as soon as it is there for it', () => {
  const cases: [when: string, before: () => Promise<string>, then: (id: string) => Promise<unknown>][] = [
    ['published', async () => '', () => master.publish()],
    ['due after a delay', () => master.publish({ delay: 7 }), () => bus.clock.advance(7000)],
    [
      'due again after a failure',
      async () => master.publish({ namespace: 'default' }),
      async () => bus.clock.advance(10_000),
    ],
    [
      'due again after its lease ran out',
      async () => {
        await master.publish()
        return (await master.claim('?lease=10'))!.id
      },
      () => bus.clock.advance(10_000 + 10_000),
    ],
    [
      'retried by an admin',
      async () => {
        const id = await master.publish({ delay: 5 })
        await bus.admin.post(`/admin/intents/${id}/cancel`)
        return id
      },
      id => bus.admin.post(`/admin/intents/${id}/retry`),
    ],
  ]

  test.each(cases)('%s', async (when, before, then) => {
    const id = await before()
    if (when === 'due again after a failure') await master.fail((await master.claim())!)
    const answer = wait()
    await waiting(1)
    const made = await then(id)
    const { json } = await answer
    expect(json.id).toBe(id === '' ? made : id)
    expect(json.claim_token).toMatch(/^[0-9a-f]{32}$/)
  })
})

test('who waits longest is first, and one intent rouses one worker', async () => {
  const answers = []
  for (let i = 0; i < 5; i += 1) {
    answers.push(wait(`worker_id=w${i}`))
    await waiting(i + 1)
  }
  const emptyBefore = await bus.metric('intent_bus_claims_empty_total')
  const ids = []
  for (let i = 0; i < 3; i += 1) {
    ids.push(await master.publish())
    await waiting(4 - i)
  }
  expect(await Promise.all(answers.slice(0, 3).map(async answer => (await answer).json.id))).toEqual(ids)
  expect(await bus.metric('intent_bus_claims_empty_total')).toBe(emptyBefore)
  expect(await bus.metric('intent_bus_waiting_claims')).toBe(2)
  await bus.clock.advance(60_000)
  for (const answer of answers.slice(3)) expect((await answer).status).toBe(204)
})

test('only a worker that may take it is roused', async () => {
  const stranger = await bus.issue()
  const others = [
    wait('goal=build'),
    wait('namespace=elsewhere'),
    wait('', stranger),
    wait('worker_id=pi'),
    wait('capabilities=camera'),
  ]
  await waiting(5)
  const fit = wait('worker_id=phone&capabilities=gpu&goal=notify')
  await waiting(6)
  const work = { goal: 'notify', target_worker: 'phone', required_capability: 'gpu' }
  const id = await master.publish(work)
  expect((await fit).json.id).toBe(id)
  await waiting(5)
  await bus.clock.advance(60_000)
  for (const other of others) expect((await other).status).toBe(204)
})

test('when the first in line takes something better, the intent it was roused for goes to the next', async () => {
  const first = wait('capabilities=gpu')
  await waiting(1)
  const second = wait()
  await waiting(2)
  // Both become due in one sweep: the first worker is roused for the plain one and takes the urgent one.
  const plain = await master.publish({ delay: 5 })
  const urgent = await master.publish({ delay: 5, priority: 900, required_capability: 'gpu' })
  await bus.clock.advance(5000)
  expect((await first).json.id).toBe(urgent)
  expect((await second).json.id).toBe(plain)
})

const ASK = `POST /claim?wait=60 HTTP/1.1\r\nHost: bus\r\nX-API-KEY: ${MASTER}\r\nContent-Length: 0\r\n\r\n`
const connections = (of: TestBus): Promise<number> =>
  new Promise((resolve, reject) => {
    of.app.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
  })

/** A client hangs up while its claim is on its way to the disk. @returns what lets the claim go on */
async function goneWhileClaiming(of: TestBus): Promise<() => void> {
  const disk = Promise.withResolvers<void>()
  of.store.hold = disk.promise
  const socket = await open(of.port)
  socket.write(ASK)
  while (of.broker.queued === 0) await setImmediate()
  const before = await connections(of)
  socket.destroy()
  while ((await connections(of)) === before) await setImmediate()
  of.store.hold = null
  return disk.resolve
}

describe('a client that hangs up', () => {
  test('while it waits takes nothing: the next one gets it', async () => {
    const socket = await open(bus.port)
    socket.write(ASK)
    await waiting(1)
    const next = wait()
    await waiting(2)
    socket.destroy()
    await waiting(1)
    const id = await master.publish()
    expect((await next).json).toMatchObject({ id, claim_attempts: 1 })
  })

  test('while its claim is under way gives back what it took, and the attempt does not count', async () => {
    const id = await master.publish()
    const goOn = await goneWhileClaiming(bus)
    goOn()
    await waiting(0)
    expect(await master.status(id)).toMatchObject({ status: 'open', claim_attempts: 0 })
    expect(await master.claim()).toMatchObject({ id, claim_attempts: 1 })
  })
})

test('a key that is revoked waits no longer, and the others do', async () => {
  const client = await bus.issue()
  const [gone, stays] = [wait('', client), wait()]
  await waiting(2)
  await bus.admin.post('/admin/revoke_key', { api_key: client.key })
  expect((await gone).status).toBe(204)
  await waiting(1)
  const id = await master.publish({ visibility: 'public' })
  expect((await stays).json.id).toBe(id)
})

test('a drain answers everybody who waits', async () => {
  const own = await busForTest()
  const answers = [wait('', own.master), wait('goal=other', own.master)]
  await waiting(2, own)
  own.broker.beginDrain()
  for (const answer of answers) expect((await answer).status).toBe(204)
})

test('a signed wait keeps its nonce: a replay is told apart', async () => {
  const signing = { timestamp: bus.seconds(), nonce: 'wait-once' }
  const answer = master.signed('POST', '/claim?wait=5', '', signing)
  await waiting(1)
  const replay = await master.signed('POST', '/claim?wait=5', '', signing)
  expect(refusal(replay)).toMatchObject({ status: 403, message: 'Replay detected' })
  await bus.clock.advance(5000)
  expect((await answer).status).toBe(204)
})

describe('how long', () => {
  test.each(['-1', '60.1', '61', 'abc', '1e999', 'NaN', '0x10', ''])(
    '%s is refused by name',
    async seconds => {
      const { status, code, message } = refusal(await master.post(`/claim?wait=${seconds}`))
      expect({ status, code }).toEqual({ status: 400, code: 'invalid_request' })
      expect(message).toContain('wait takes a number of seconds from 0 to 60')
    },
  )

  test.each(['0', '0.0'])('"%s" is not at all', async seconds => {
    expect((await master.post(`/claim?wait=${seconds}`)).status).toBe(204)
  })

  test('may be a fraction', async () => {
    const answer = wait('', master, 0.25)
    await waiting(1)
    await bus.clock.advance(250)
    expect((await answer).status).toBe(204)
  })
})

test('waits are measured apart: they would hide how fast the other claims are', async () => {
  const own = await busForTest()
  const answer = wait('', own.master, 5)
  await waiting(1, own)
  await own.clock.advance(5000)
  await answer
  await own.master.claim()
  const count = (route: string) =>
    own.metric(`intent_bus_http_request_duration_seconds_count{method="POST",route="${route}",status="204"}`)
  expect([await count('/claim?wait'), await count('/claim')]).toEqual([1, 1])
})

describe('a disk that fails for a moment', () => {
  /** Refuses the next operation of this kind, with all of its commit. */
  function failOnce(own: TestBus, kind: Op['kind']): void {
    const commit = own.store.commit
    own.store.commit = async (ops, now) => {
      if (!ops.some(op => op.kind === kind)) return commit(ops, now)
      own.store.commit = commit
      throw new StorageError('failed', 'a blip')
    }
  }

  test('costs the worker that was roused its turn, and the next one waits a second longer', async () => {
    const own = await busForTest()
    const first = wait('', own.master)
    await waiting(1, own)
    const second = wait('', own.master)
    await waiting(2, own)
    failOnce(own, 'claim')
    const id = await own.master.publish()
    expect((await first).status).toBe(503)
    await own.clock.advance(1000)
    expect((await second).json.id).toBe(id)
  })

  test('does not keep an intent claimed for a client that is gone', async () => {
    const own = await busForTest()
    const id = await own.master.publish()
    const goOn = await goneWhileClaiming(own)
    failOnce(own, 'release')
    goOn()
    await waiting(0, own)
    expect(await own.master.status(id)).toMatchObject({ status: 'claimed' })
    await own.clock.advance(1000)
    expect(await own.master.status(id)).toMatchObject({ status: 'open', claim_attempts: 0 })
  })
})

test('behind more expired intents than one claim clears away, a waiting worker still gets the live one', async () => {
  const own = await busForTest({ BUS_INTENT_TTL_SECONDS: '3600' })
  const stale = Array.from({ length: 600 }, () => ({ goal: 'work', payload: {}, priority: 500 }))
  for (let i = 0; i < 2; i += 1) await own.master.post('/intents', { intents: stale })
  own.clock.skip(3_600_000 - 5000)
  const id = await own.master.publish({ priority: 1 })
  own.clock.skip(6000)
  const answer = wait('', own.master)
  await own.clock.advance(1000)
  expect((await answer).json.id).toBe(id)
})
