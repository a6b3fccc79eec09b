/** A bus with few connections, and clients that take all of them and do nothing: on sockets, with the bus's own time. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { busForTest, MASTER, METRICS_TOKEN, type TestBus } from '../support/bus.ts'
import { open } from '../support/raw.ts'
import { closed } from './conversation.ts'

/** What the bus measures its clients' patience by: ms that pass only when a test says so. */
let now = 1_000_000
beforeEach(() => {
  const stopped = vi.spyOn(performance, 'now').mockImplementation(() => now)
  onTestFinished(() => stopped.mockRestore())
})

const HEAD = `POST /intent HTTP/1.1\r\nHost: bus\r\nX-API-KEY: ${MASTER}\r\n`
const WAIT = `POST /claim?wait=60 HTTP/1.1\r\nHost: bus\r\nX-API-KEY: ${MASTER}\r\n\r\n`
const HEALTH = 'GET /health/live HTTP/1.1\r\nHost: bus\r\n\r\n'

/** Which connections of a test are still open, by what their clients do. */
class Clients {
  readonly #bus: TestBus
  readonly #host: string
  readonly #open = new Set<string>()

  constructor(bus: TestBus, host = '127.0.0.1') {
    this.#bus = bus
    this.#host = host
  }

  get open(): string[] {
    return [...this.#open].sort()
  }

  /** Connects and sends, and returns once the bus has read that; each client a little later than the one before. */
  async begin(what: string, bytes: string): Promise<{ socket: Socket; served: Socket }> {
    now += 10
    const accepted = once(this.#bus.app.server, 'connection')
    const socket = await open(this.#bus.port, this.#host)
    onTestFinished(() => {
      socket.destroy()
    })
    const [served] = (await accepted) as [Socket]
    this.#open.add(what)
    socket.once('close', () => this.#open.delete(what))
    if (bytes !== '') {
      socket.write(bytes)
      await expect.poll(() => served.bytesRead).toBe(bytes.length)
    }
    return { socket, served }
  }

  /** One that is answered, and keeps its connection. */
  async answered(what: string): Promise<Socket> {
    const { socket } = await this.begin(what, '')
    const answer = once(socket, 'data')
    socket.write(HEALTH)
    expect(`${(await answer)[0]}`).toMatch(/^HTTP\/1.1 200 /)
    return socket
  }

  /** A worker that is answered, and then waits for work on the same connection. */
  async worker(what: string): Promise<Socket> {
    const socket = await this.answered(what)
    const waiting = await this.#bus.waitingClaims()
    socket.write(WAIT)
    await expect.poll(() => this.#bus.waitingClaims()).toBe(waiting + 1)
    return socket
  }

  async refused(): Promise<void> {
    const socket = await open(this.#bus.port, this.#host)
    await closed(socket)
  }
}

/** Without a connection, all of which the test has use for. */
async function metric(bus: TestBus, series: string): Promise<number> {
  const headers = { host: 'bus', authorization: `Bearer ${METRICS_TOKEN}` }
  const { body } = await bus.app.inject({ url: '/metrics', headers })
  const line = body.split('\n').find(each => each.startsWith(`intent_bus_${series} `))
  return Number(line?.split(' ')[1])
}

const displaced = async (bus: TestBus) => ({
  idle: await metric(bus, 'connections_displaced_total{state="idle"}'),
  slow: await metric(bus, 'connections_displaced_total{state="slow"}'),
  waiting: await metric(bus, 'connections_displaced_total{state="waiting"}'),
})

test('silent, half-heard and idle clients make room for honest workers, the one that has been so longest first', async () => {
  const bus = await busForTest({ BUS_MAX_CONNECTIONS: '5' })
  const clients = new Clients(bus)
  await clients.begin('half a body', `${HEAD}Content-Length: 100\r\n\r\n{"goal"`)
  await clients.begin('a longer one', `${HEAD}Content-Length: 9000\r\n\r\n{"goal"`)
  await clients.begin('silent', '')
  await clients.begin('half of the headers', 'POST /intent HTTP/1.1\r\nHost: bus\r\nX-API')
  await clients.answered('idle')
  await clients.refused()

  now += 1000
  await clients.worker('worker 1')
  expect(clients.open).toEqual(['a longer one', 'half a body', 'half of the headers', 'idle', 'worker 1'])
  await clients.worker('worker 2')
  expect(clients.open).toEqual(['a longer one', 'half a body', 'idle', 'worker 1', 'worker 2'])
  await clients.worker('worker 3')
  expect(clients.open).toEqual(['a longer one', 'half a body', 'worker 1', 'worker 2', 'worker 3'])
  expect(await displaced(bus)).toEqual({ idle: 3, slow: 0, waiting: 0 })
})

test('slow clients are given 5 s from when they were first in the way, and the slowest goes first', async () => {
  const bus = await busForTest({ BUS_MAX_CONNECTIONS: '2' })
  const clients = new Clients(bus)
  const start = `${HEAD}Content-Length: 9000\r\n\r\n{"goal"`
  const { socket, served } = await clients.begin('a slow body', start)
  await clients.begin('half a body', start)
  now += 60_000
  await clients.refused()
  socket.write('x'.repeat(3000))
  await expect.poll(() => served.bytesRead).toBe(start.length + 3000)
  now += 4980
  await clients.refused()
  expect(clients.open).toEqual(['a slow body', 'half a body'])

  now += 10
  await clients.worker('worker 1')
  expect(clients.open).toEqual(['a slow body', 'worker 1'])
  await clients.worker('worker 2')
  expect(clients.open).toEqual(['worker 1', 'worker 2'])
  expect(await displaced(bus)).toEqual({ idle: 0, slow: 2, waiting: 0 })

  // Nothing is left to take, so the worker that has waited longest is told to ask again.
  await clients.answered('worker 3')
  await expect.poll(() => clients.open).toEqual(['worker 2', 'worker 3'])
  expect(await displaced(bus)).toEqual({ idle: 0, slow: 2, waiting: 1 })
  expect(await metric(bus, 'connections_refused_total{limit="total"}')).toBe(2)
  const lines = bus.log.map(line => JSON.parse(line)).filter(({ msg }) => /^refused/.test(msg))
  expect(lines).toMatchObject([
    { level: 40, msg: 'refused 1 connections: 2 are open, all in use (BUS_MAX_CONNECTIONS)' },
  ])
})

const away = Object.values(networkInterfaces())
  .flatMap(each => each ?? [])
  .find(({ internal, scopeid = 0 }) => !internal && scopeid === 0)?.address
if (away === undefined)
  console.warn('this machine has no address on a network: the connections of one address are not tested')

/** The bus listens on this machine's address on its network too: connections from there count as from elsewhere. */
async function listenOn(address: string, bus: TestBus): Promise<void> {
  const listener = createServer({ allowHalfOpen: true }, socket => bus.app.server.emit('connection', socket))
  listener.listen(bus.port, address)
  await once(listener, 'listening')
  onTestFinished(() => void listener.close())
}

test.skipIf(away === undefined)(
  'slow clients of one address make room for an honest one there, and others are not asked for theirs',
  async () => {
    const bus = await busForTest({ BUS_MAX_CONNECTIONS: '20', BUS_MAX_CONNECTIONS_PER_ADDRESS: '3' })
    await listenOn(away!, bus)
    const here = new Clients(bus)
    await here.begin('half a body', `${HEAD}Content-Length: 100\r\n\r\n{"goal"`)
    const there = new Clients(bus, away)
    for (const which of ['first', 'second', 'third'])
      await there.begin(which, `${HEAD}Content-Length: 100\r\n\r\n{"goal"`)
    await there.refused()
    now += 5000
    await there.worker('worker')
    expect(there.open).toEqual(['second', 'third', 'worker'])
    expect(here.open).toEqual(['half a body'])
    await here.worker('worker here')
    expect(await displaced(bus)).toEqual({ idle: 0, slow: 1, waiting: 0 })
    expect(await metric(bus, 'connections_refused_total{limit="address"}')).toBe(1)
  },
)
