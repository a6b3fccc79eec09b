import { EventEmitter } from 'node:events'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { BatchRoom, batchBytes } from '../../http/limits/batch-room.ts'
import { busForTest, type TestBus } from '../support/bus.ts'
import { type Client, refusal } from '../support/client.ts'
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
  await expect.poll(async () => (await rude.post('/intents', BATCH)).status).toBe(201)
})

test('a key that has used up its window is refused before its body is read', async () => {
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

describe('how many MiB of batches are read at once follows', () => {
  test.each([
    [64, 512, 0],
    [256, 512, 22],
    [512, 256, 52],
    [4096, 2048, 500],
    [65_536, 128, 20],
  ])('%d MiB of memory with %d MiB of heap: %d', (memory, heap, expected) => {
    expect(Math.floor(batchBytes(memory * MIB, heap * MIB) / MIB)).toBe(expected)
  })
})

/** As much of a request and its reply as the room looks at. */
function batch(room: BatchRoom, keyId: number, bytes: number): () => void {
  const raw = new EventEmitter()
  const request = { caller: { keyId }, headers: { 'content-length': `${bytes}` } }
  room.enter(request as unknown as FastifyRequest, { raw } as unknown as FastifyReply)
  return () => raw.emit('close')
}

test('a key has half of the room at most, and a single batch is let in however large it is', () => {
  const room = new BatchRoom(40, 100)
  const first = batch(room, 1, 15)
  expect(() => batch(room, 1, 6)).toThrow('This key has 1 batches under way')
  batch(room, 1, 5)
  batch(room, 2, 20)
  expect(() => batch(room, 3, 1)).toThrow('Too many batches at once')
  first()
  batch(room, 3, 15)
  batch(new BatchRoom(40, 100), 1, 90)
})
