import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { BusError } from '../../errors.ts'
import { BodyRoom, roomBytes } from '../../http/limits/body-room.ts'
import { busForTest, type TestBus } from '../support/bus.ts'
import { type Client, refusal } from '../support/client.ts'
import { PATIENT } from '../support/patience.ts'
import { answerOn, open } from '../support/raw.ts'

const MIB = 1024 * 1024
const MOST = 16
const BATCH = { intents: [{ goal: 'work', payload: 1 }] }

afterEach(() => vi.useRealTimers())

/** The head of a batch and the first bytes of its body. */
async function begin(bus: TestBus, { key }: Client) {
  const socket = await open(bus.port)
  onTestFinished(() => {
    socket.destroy()
  })
  socket.write(
    `POST /intents HTTP/1.1\r\nHost: bus\r\nX-API-KEY: ${key}\r\nContent-Length: ${MIB}\r\n\r\n{"intents":[`,
  )
  return socket
}

test('a key has half of the places for batches at most: the others still get theirs', async () => {
  const bus = await busForTest()
  const [rude, other] = [await bus.issue('rude'), await bus.issue('other')]
  for (let i = 0; i < MOST / 2; i++) await begin(bus, rude)
  expect(refusal(await answerOn(await begin(bus, rude)))).toMatchObject({ status: 503, code: 'overloaded' })
  for (let i = 0; i < MOST; i++) expect((await other.post('/intents', BATCH)).status).toBe(201)
})

test('a place is free again when its client has gone', async () => {
  const bus = await busForTest()
  const rude = await bus.issue('rude')
  const sockets = []
  for (let i = 0; i < MOST / 2; i++) sockets.push(await begin(bus, rude))
  expect(refusal(await answerOn(await begin(bus, rude))).code).toBe('overloaded')
  for (const socket of sockets) socket.destroy()
  await expect.poll(async () => (await rude.post('/intents', BATCH)).status, PATIENT).toBe(201)
})

test('a key that has used up its window is refused before its body is read', async () => {
  // Else a body that stalls is refused as well in the end, and counted.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const bus = await busForTest({ BUS_RATE_LIMIT: '1' })
  const key = await bus.issue()
  expect((await key.post('/intents', BATCH)).status).toBe(201)
  const answer = await answerOn(await begin(bus, key))
  expect(refusal(answer)).toMatchObject({ status: 429, code: 'rate_limited' })
  expect(answer.headers.get('x-ratelimit-limit')).toBe('1')
})

test('a long body that stops coming is 408, and counts against its key', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const bus = await busForTest({ BUS_RATE_LIMIT: '1' })
  const key = await bus.issue()
  const received = new Promise<void>(resolve => {
    bus.app.server.once('request', request => request.once('resume', () => setImmediate(resolve)))
  })
  const socket = await begin(bus, key)
  await received
  const answer = answerOn(socket)
  vi.advanceTimersByTime(10_000)
  expect(refusal(await answer)).toMatchObject({ status: 408, code: 'request_timeout' })
  expect(refusal(await key.post('/intents', BATCH))).toMatchObject({ status: 429 })
})

describe('how many MiB of large bodies are read at once follows', () => {
  test.each([
    [64, 512, 0],
    [256, 512, 10],
    [512, 256, 20],
    [4096, 2048, 200],
    [65_536, 128, 8],
  ])('%d MiB of memory with %d MiB of heap: %d', (memory, heap, expected) => {
    expect(Math.floor(roomBytes(memory * MIB, heap * MIB) / MIB)).toBe(expected)
  })
})

function batch(room: BodyRoom, keyId: number, bytes: number): () => void {
  const taken = room.enter({ keyId, bytes, isBatch: true })
  return () => room.leave(taken)
}

test('a key has half of the room at most, and a single body is let in however large it is', () => {
  const room = new BodyRoom(40)
  const first = batch(room, 1, 15)
  expect(() => batch(room, 1, 6)).toThrow('This key has 1 batches and 15 bytes')
  expect(() => room.enter({ keyId: 1, bytes: 6, isBatch: false })).toThrow('This key has')
  batch(room, 1, 5)
  batch(room, 2, 20)
  expect(() => batch(room, 3, 1)).toThrow('Too many large bodies at once')
  first()
  batch(room, 3, 15)
  batch(new BodyRoom(40), 1, 90)
})

test('bodies that are no batch take room but no places', () => {
  const room = new BodyRoom(1000)
  for (let i = 0; i < MOST; i++) room.enter({ keyId: 1, bytes: 1, isBatch: false })
  batch(room, 1, 1)
})

describe('a body that is larger than 64 KiB takes room until it is answered', () => {
  const large = `{"goal":"work","payload":1,"x":"${'x'.repeat(100_000)}"}`

  test.each([
    ['announced', [`Content-Length: ${large.length}\r\n\r\n${large.slice(0, 70_000)}`]],
    ['in chunks', ['Transfer-Encoding: chunked\r\n\r\n', `11170\r\n${large.slice(0, 70_000)}\r\n`]],
  ])('%s', async (_, parts) => {
    const bus = await busForTest()
    const key = await bus.issue()
    const seen = vi.spyOn(BodyRoom.prototype, 'enter')
    const left = vi.spyOn(BodyRoom.prototype, 'leave')
    onTestFinished(() => {
      vi.restoreAllMocks()
    })
    const socket = await open(bus.port)
    socket.write(`POST /intent HTTP/1.1\r\nHost: bus\r\nX-API-KEY: ${key.key}\r\n${parts.join('')}`)
    await expect.poll(() => seen.mock.calls.length, PATIENT).toBe(1)
    expect(left).not.toHaveBeenCalled()
    socket.destroy()
    await expect.poll(() => left.mock.calls.length, PATIENT).toBe(1)

    expect((await key.post('/intent', large)).status).toBe(201)
    await expect.poll(() => left.mock.calls.length, PATIENT).toBe(2)
    expect((await key.post('/intent', BATCH.intents[0])).status).toBe(201)
    expect(seen).toHaveBeenCalledTimes(2)
  })

  test('and is refused when there is none, over a connection that stays open', async () => {
    const bus = await busForTest()
    const key = await bus.issue()
    const full = vi.spyOn(BodyRoom.prototype, 'enter').mockImplementation(() => {
      throw new BusError('overloaded', 'no room', 1)
    })
    onTestFinished(() => full.mockRestore())
    const answer = await key.post('/intent', large)
    expect(refusal(answer)).toMatchObject({ status: 503, code: 'overloaded' })
    expect(answer.headers.get('connection')).not.toBe('close')
  })
})
