import { once } from 'node:events'
import type { Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { readPage } from '../../../docs/pages.ts'
import { busForTest, type TestBus } from '../support/bus.ts'
import { type Client, refusal } from '../support/client.ts'
import { answerOn, open } from '../support/raw.ts'

const MIB = 1024 * 1024
const BODY = '{"goal":"work","payload":{}}'

/** The head of a request and the first bytes of its body, once the bus has read them. */
async function begin(
  bus: TestBus,
  { key }: Client,
  { path = '/intent', length = BODY.length, more = '' } = {},
): Promise<Socket> {
  const accepted = once(bus.app.server, 'connection')
  const socket = await open(bus.port)
  onTestFinished(() => {
    socket.destroy()
  })
  const [served] = (await accepted) as [Socket]
  const start = `POST ${path} HTTP/1.1\r\nHost: bus\r\nX-API-KEY: ${key}\r\nContent-Length: ${length}\r\n\r\n${BODY.slice(0, 10)}`
  socket.write(start)
  await expect.poll(() => served.bytesRead).toBe(start.length)
  if (more === '') return socket
  socket.write(more)
  await expect.poll(() => served.bytesRead).toBe(start.length + more.length)
  return socket
}

test('a key may have a quarter of the connections for bodies that are on their way, and the others still get theirs', async () => {
  const bus = await busForTest({ BUS_MAX_CONNECTIONS: '40' })
  const [rude, other] = [await bus.issue('rude'), await bus.issue('other')]
  const sockets: Socket[] = []
  for (let i = 0; i < 10; i += 1) sockets.push(await begin(bus, rude))
  const refused = refusal(await answerOn(await begin(bus, rude)))
  expect(refused).toMatchObject({ status: 429, code: 'limit_exceeded' })
  // A quarter of the default.
  const usual = refused.message.replace('has 10', 'has 256')
  expect(readPage('http.md')).toContain(`429 \`${refused.code}\`, \`${usual}\``)
  expect((await other.post('/intent', JSON.parse(BODY))).status).toBe(201)
  expect((await bus.master.post('/intent', JSON.parse(BODY))).status).toBe(201)

  sockets[0]!.write(BODY.slice(10))
  expect((await answerOn(sockets[0]!)).status).toBe(201)
  expect((await rude.post('/intent', JSON.parse(BODY))).status).toBe(201)
  for (const socket of sockets) socket.destroy()
  for (let i = 0; i < 10; i += 1)
    await expect.poll(async () => (await begin(bus, rude)).destroyed).toBe(false)
})

test('a large body takes no memory before it comes', async () => {
  const bus = await busForTest()
  const key = await bus.issue('somebody')
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 20; i += 1) await begin(bus, key, { path: '/intents', length: 15 * MIB, more: 'x' })
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(15 * MIB)
})

test('a key that is revoked while its body comes publishes nothing', async () => {
  const bus = await busForTest()
  const key = await bus.issue('somebody')
  const socket = await begin(bus, key)
  expect((await bus.admin.post('/admin/revoke_key', { api_key: key.key })).status).toBe(200)
  socket.write(BODY.slice(10))
  expect(refusal(await answerOn(socket))).toMatchObject({ status: 401, code: 'unauthorized' })
  expect(await bus.master.claim()).toBeNull()
})

test('maintenance that begins while a body comes turns it away', async () => {
  const bus = await busForTest()
  const socket = await begin(bus, await bus.issue('somebody'))
  expect((await bus.admin.post('/admin/maintenance', { on: true })).status).toBe(200)
  socket.write(BODY.slice(10))
  expect(refusal(await answerOn(socket))).toMatchObject({ status: 503, code: 'maintenance' })
})
