import { once } from 'node:events'
import type { Socket } from 'node:net'
import { beforeEach, describe, expect, test } from 'vitest'
import { busForFile, MASTER } from '../support/bus.ts'
import { open } from '../support/raw.ts'
import { closed } from './conversation.ts'

const bus = await busForFile()
const { master } = bus

beforeEach(async () => {
  await bus.admin.post('/admin/purge', { confirm: true })
  bus.chance.always = 0
})

const head = (line: string, length: number) =>
  `${line} HTTP/1.1\r\nHost: bus\r\nX-API-KEY: ${MASTER}\r\nContent-Length: ${length}\r\n\r\n`
const whole = (line: string, body = '') => head(line, body.length) + body
const BODY = '{"goal":"work","payload":{}}'

/** With a farewell, and without. */
const ways: [how: string, leave: (socket: Socket) => void][] = [
  ['closes', socket => socket.destroy()],
  ['resets', socket => socket.resetAndDestroy()],
]

/** Both ends of one connection. */
async function connected(): Promise<{ client: Socket; served: Socket }> {
  const accepted = once(bus.app.server, 'connection')
  const client = await open(bus.port)
  const [served] = (await accepted) as [Socket]
  return { client, served }
}

/** The next commit waits until it is let go. */
function heldCommit(): { reached: Promise<void>; letGo: () => Promise<unknown> } {
  const reached = Promise.withResolvers<void>()
  const disk = Promise.withResolvers<void>()
  const done = Promise.withResolvers<unknown>()
  const { commit } = bus.store
  bus.store.commit = async (ops, now) => {
    bus.store.commit = commit
    reached.resolve()
    await disk.promise
    const committed = commit(ops, now)
    done.resolve(committed)
    return committed
  }
  const letGo = () => {
    disk.resolve()
    return done.promise
  }
  return { reached: reached.promise, letGo }
}

/** Sends a request, and leaves while it waits for the disk. Resolves when the bus is through with it all the same. */
async function leaveWhileItWaits(bytes: string, leave: (socket: Socket) => void): Promise<void> {
  const { client, served } = await connected()
  const { reached, letGo } = heldCommit()
  client.write(bytes)
  await reached
  const gone = closed(served)
  leave(client)
  await gone
  await letGo()
}

test.each(ways)('a client that %s in the middle of its body has published nothing', async (_how, leave) => {
  const { client, served } = await connected()
  const arrived = once(served, 'data')
  client.write(head('POST /intent', BODY.length) + BODY.slice(0, 10))
  await arrived
  const gone = closed(served)
  leave(client)
  await gone
  await bus.store.settled()
  expect(await master.claim()).toBeNull()
})

test.each(ways)('a client that %s before the answer has published, once', async (_how, leave) => {
  await leaveWhileItWaits(whole('POST /intent', BODY), leave)
  expect(await master.claim()).toMatchObject({ goal: 'work', claim_attempts: 1 })
  expect(await master.claim()).toBeNull()
})

test('a worker that is gone before it hears what it claimed loses an attempt, and the intent comes back', async () => {
  const id = await master.publish()
  await leaveWhileItWaits(whole('POST /claim'), socket => socket.resetAndDestroy())
  expect(await master.status(id)).toMatchObject({ status: 'claimed', claim_attempts: 1 })
  await bus.clock.advance(60_000 + 10_000)
  expect(await master.claim()).toMatchObject({ id, claim_attempts: 2 })
})

describe('a worker in a long poll', () => {
  const ASK = 'POST /claim?wait=60'

  /** It leaves in the moment in which its claim is committed: the kernel knows, and Node has not asked it yet. Resolves once it has. */
  async function leaveAtCommit(leave: (client: Socket) => void): Promise<string> {
    const id = await master.publish()
    const { client } = await connected()
    const { commit } = bus.store
    const left = Promise.withResolvers<void>()
    bus.store.commit = async (ops, now) => {
      bus.store.commit = commit
      const committed = await commit(ops, now)
      leave(client)
      left.resolve()
      return committed
    }
    client.write(whole(ASK))
    // Until then it is open for want of a claim.
    await left.promise
    return id
  }

  test.each(ways)('that %s as its claim is committed takes nothing', async (_how, leave) => {
    const id = await leaveAtCommit(leave)
    await expect.poll(() => master.status(id)).toMatchObject({ status: 'open', claim_attempts: 0 })
  })

  // A reset is heard of later too, unless more has come before it. Of one that closes in peace only the look before the answer tells.
  test.each(ways)('that sends more and %s as its claim is committed takes nothing', async (_how, leave) => {
    const id = await leaveAtCommit(client => {
      client.write(whole('GET /health'))
      leave(client)
    })
    await expect.poll(() => master.status(id)).toMatchObject({ status: 'open', claim_attempts: 0 })
  })

  test('that resets the connection instead of reading its answer takes nothing', async () => {
    const id = await master.publish()
    const { client, served } = await connected()
    client.pause()
    client.write(whole(ASK))
    await expect.poll(() => served.bytesWritten).toBeGreaterThan(0)
    expect(await master.status(id)).toMatchObject({ status: 'claimed' })
    client.resetAndDestroy()
    await expect.poll(() => master.status(id)).toMatchObject({ status: 'open', claim_attempts: 0 })
  })

  test('that reads its answer and closes keeps its lease', async () => {
    const id = await master.publish()
    const { client, served } = await connected()
    client.write(whole(ASK))
    await once(client, 'data')
    const gone = closed(served)
    client.destroy()
    await gone
    await bus.store.settled()
    expect(await master.status(id)).toMatchObject({ status: 'claimed' })
  })

  test('that gets one job after the other on one connection leaves no listener on it for each', async () => {
    const { client, served } = await connected()
    const claim = async () => {
      const id = await master.publish()
      client.write(whole(ASK))
      await once(client, 'data')
      return id
    }
    await claim()
    const listeners = () => served.eventNames().map(name => [name, served.listenerCount(name)])
    const before = listeners()
    let last = ''
    for (let i = 0; i < 20; i += 1) last = await claim()
    expect(listeners()).toEqual(before)
    client.resetAndDestroy()
    await expect.poll(() => master.status(last)).toMatchObject({ status: 'open', claim_attempts: 0 })
  })

  test('that has sent more since its answer keeps its lease when it resets', async () => {
    const id = await master.publish()
    const { client, served } = await connected()
    client.write(whole(ASK))
    await once(client, 'data')
    client.write(whole('GET /health'))
    await once(client, 'data')
    const gone = closed(served)
    client.resetAndDestroy()
    await gone
    await bus.store.settled()
    expect(await master.status(id)).toMatchObject({ status: 'claimed' })
  })
})

test('a client that leaves in the middle of its answers takes nobody along', async () => {
  const claim = await master.claimed()
  await master.fulfil(claim, { result: 'x'.repeat(60_000) })
  const { client, served } = await connected()
  const gone = closed(served)
  // More than the buffers of both ends hold: some of it is always still to be written.
  client.write(whole('GET /openapi.json').repeat(32))
  await once(client, 'data')
  client.pause()
  expect((await master.get(`/result/${claim.id}`)).json.result).toHaveLength(60_000)
  client.resetAndDestroy()
  await gone
  expect((await master.get(`/result/${claim.id}`)).status).toBe(200)
  expect(bus.log.filter(line => /"level":(50|60)/.test(line))).toEqual([])
})

test('hundreds that come and go leave no connection behind', async () => {
  const ends: Promise<void>[] = []
  for (let i = 0; i < 300; i += 1) {
    const { client, served } = await connected()
    ends.push(closed(served))
    if (i % 3 === 1) client.write(head('POST /intent', BODY.length))
    if (i % 3 === 2) client.write(whole('POST /claim'))
    ways[i % 2]![1](client)
  }
  await Promise.all(ends)
  expect((await master.get('/health')).status).toBe(200)
})
