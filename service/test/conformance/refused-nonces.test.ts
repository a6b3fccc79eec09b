import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { RefusedNonces } from '../../http/limits/refused-nonces.ts'
import { busForTest, type TestBus } from '../support/bus.ts'
import { refusal } from '../support/client.ts'

const INTENT = JSON.stringify({ goal: 'work', payload: {} })
const REPLAY = { status: 403, code: 'invalid_signature', message: 'Replay detected' }

let nonces = 0
function once(of: TestBus) {
  nonces += 1
  return { timestamp: of.seconds(), nonce: `refused-${nonces}` }
}

/** How many operations of the store it takes. */
async function written(bus: TestBus, send: () => Promise<unknown>): Promise<number> {
  let operations = 0
  const { commit } = bus.store
  bus.store.commit = (ops, now) => {
    operations += ops.length
    return commit(ops, now)
  }
  await send()
  await setImmediate()
  bus.store.commit = commit
  return operations
}

test('a signed request that the rate limit refuses writes nothing, however often, and does not pass later', async () => {
  const bus = await busForTest({ BUS_RATE_LIMIT: '1' })
  const issued = await bus.issue()
  await issued.get('/get/absent')
  const first = once(bus)
  const operations = await written(bus, async () => {
    expect(refusal(await issued.signed('POST', '/intent', INTENT, first)).status).toBe(429)
    for (let i = 0; i < 20; i += 1) {
      expect(refusal(await issued.signed('GET', '/get/absent', '', once(bus))).status).toBe(429)
    }
  })
  expect(operations).toBe(0)
  await bus.clock.advance(60_000)
  expect(refusal(await issued.signed('POST', '/intent', INTENT, first))).toEqual(REPLAY)
})

test('a publish that is refused by the cap on open intents writes no nonce, and does not pass later', async () => {
  const bus = await busForTest({ BUS_MAX_OPEN_INTENTS: '1' })
  const issued = await bus.issue()
  await issued.publish()
  const signing = once(bus)
  expect(refusal(await issued.signed('POST', '/intent', INTENT, signing)).code).toBe('limit_exceeded')
  const batch = JSON.stringify({ intents: [{ goal: 'work', payload: {} }] })
  const other = once(bus)
  expect(refusal(await issued.signed('POST', '/intents', batch, other)).code).toBe('limit_exceeded')
  expect(bus.bytesAtRest()).not.toContain(signing.nonce)
  expect(bus.bytesAtRest()).not.toContain(other.nonce)
  await bus.admin.post('/admin/purge', { confirm: true, namespace: 'default' })
  expect(refusal(await issued.signed('POST', '/intent', INTENT, signing))).toEqual(REPLAY)
  expect(refusal(await issued.signed('POST', '/intents', batch, other))).toEqual(REPLAY)
})

test('a replay of a publish is a replay, even when it would be refused for another reason by now', async () => {
  const bus = await busForTest({ BUS_MAX_OPEN_INTENTS: '1' })
  const issued = await bus.issue()
  const signing = once(bus)
  expect((await issued.signed('POST', '/intent', INTENT, signing)).status).toBe(201)
  expect(refusal(await issued.signed('POST', '/intent', INTENT, signing))).toEqual(REPLAY)
})

test.each(['/status', '/result'])(
  'whoever may not read an intent writes nothing by asking %s',
  async path => {
    const bus = await busForTest()
    const id = await bus.master.publish()
    const stranger = await bus.issue()
    await stranger.get('/get/absent')
    const signing = once(bus)
    const operations = await written(bus, async () => {
      expect((await stranger.signed('GET', `${path}/${id}`, '', signing)).status).toBe(403)
      expect(refusal(await stranger.signed('GET', `${path}/${id}`, '', signing))).toEqual(REPLAY)
    })
    expect(operations).toBe(0)
  },
)

test('a nonce that was refused is forgotten when its signature is stale, and not before', async () => {
  const bus = await busForTest({ BUS_RATE_LIMIT: '1' })
  const issued = await bus.issue()
  await issued.get('/get/absent')
  const signing = once(bus)
  await issued.signed('POST', '/intent', INTENT, signing)
  await bus.clock.advance(299_000)
  expect(refusal(await issued.signed('POST', '/intent', INTENT, signing))).toEqual(REPLAY)
  await bus.clock.advance(3_600_000)
  await issued.get('/get/absent')
  const again = { ...signing, timestamp: bus.seconds() }
  expect((await issued.signed('POST', '/intent', INTENT, again)).status).toBe(429)
})

test('of a key that has too many the oldest goes; those of other keys stay', () => {
  const refused = new RefusedNonces(2)
  const remember = (keyId: number, value: string) => refused.remember({ keyId, value, expiresAt: 100 }, 0)
  remember(2, 'other')
  for (const value of ['a', 'b', 'c']) remember(1, value)
  expect(['a', 'b', 'c'].map(value => refused.has(1, value, 99))).toEqual([false, true, true])
  expect(refused.has(2, 'other', 99)).toBe(true)
  refused.prune(100)
  expect([refused.has(1, 'c', 0), refused.has(2, 'other', 0)]).toEqual([false, false])
})

test.each(['/cancel', '/retry'])(
  '%s of an intent of somebody else writes no nonce, and is a replay the second time',
  async path => {
    const bus = await busForTest()
    const id = await bus.master.publish()
    const stranger = await bus.issue()
    const signing = once(bus)
    expect((await stranger.signed('POST', `${path}/${id}`, '', signing)).status).toBe(403)
    expect(bus.bytesAtRest()).not.toContain(signing.nonce)
    expect(refusal(await stranger.signed('POST', `${path}/${id}`, '', signing))).toEqual(REPLAY)
    const absent = once(bus)
    for (const status of [404, 403]) {
      expect((await stranger.signed('POST', `${path}/${'0'.repeat(32)}`, '', absent)).status).toBe(status)
    }
  },
)
