import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { busForTest, MASTER, type TestBus } from '../support/bus.ts'
import { Client, refusal } from '../support/client.ts'
import { answerOn, open } from '../support/raw.ts'
import { answersIn, closed } from './conversation.ts'

/** Short, but not so short that a quick client on a busy machine is taken for a slow one. */
const HEADERS_MS = 600
const REQUEST_MS = 1200
const IDLE_MS = 1800
/** Node looks for late requests this often. */
const LOOK_EVERY_MS = 50
/** A byte now and then: fast enough never to be idle. */
const TRICKLE_MS = 20

let bus: TestBus
beforeEach(async () => {
  bus = await busForTest()
  await makeImpatient(bus)
})

/** The bus with all its limits of time, only shorter. The interval of the looks is read when listening begins. */
async function makeImpatient({ app }: TestBus): Promise<void> {
  const { server } = app
  expect(server).toMatchObject({
    headersTimeout: 15_000,
    requestTimeout: 30_000,
    timeout: 120_000,
    connectionsCheckingInterval: 2000,
  })
  const { port } = server.address() as AddressInfo
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
  Object.assign(server, {
    headersTimeout: HEADERS_MS,
    requestTimeout: REQUEST_MS,
    timeout: IDLE_MS,
    connectionsCheckingInterval: LOOK_EVERY_MS,
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
}

/** Says `start`, then a byte of `rest` at a time, for as long as the bus listens. */
async function trickler(start: string, rest: string): Promise<Socket> {
  const socket = await open(bus.port)
  let at = 0
  socket.write(start)
  const timer = setInterval(() => {
    if (socket.writable) socket.write(rest[at++ % rest.length]!)
  }, TRICKLE_MS)
  socket.once('close', () => clearInterval(timer))
  onTestFinished(() => {
    socket.destroy()
  })
  return socket
}

const HEAD = `POST /intent HTTP/1.1\r\nHost: bus\r\nX-API-KEY: ${MASTER}\r\n`
const slow: [what: string, start: string, rest: string][] = [
  ['the request line', 'GET /', 'a'],
  ['the headers', `${HEAD}X-Slow: `, 'a'],
  ['the body', `${HEAD}Content-Length: 5000\r\n\r\n{"goal":"`, 'a'],
  ['the body in chunks', `${HEAD}Transfer-Encoding: chunked\r\n\r\n`, '1\r\na\r\n'],
]

test.each(slow)(
  'a client that sends %s byte by byte is told 408, and the connection closed',
  async (...client) => {
    const [, start, rest] = client
    const socket = await trickler(start, rest)
    const end = closed(socket)
    const answer = await answerOn(socket)
    expect(refusal(answer)).toMatchObject({ status: 408, code: 'request_timeout' })
    expect(answer.headers.get('connection')).toBe('close')
    await end
  },
)

const ROUTES = [
  'POST /intent',
  'POST /admin/purge',
  'POST /admin/dashboard/keys',
  'POST /',
  'GET /health',
  'POST /nowhere',
]

test.each(ROUTES)(
  'a stranger who sends a body to %s byte by byte is answered before it, and has no longer than a client',
  async route => {
    const socket = await trickler(`${route} HTTP/1.1\r\nHost: bus\r\nContent-Length: 5000\r\n\r\n`, 'a')
    const chunks: Buffer[] = []
    socket.on('data', chunk => chunks.push(chunk))
    await once(socket, 'data')
    const sent = socket.bytesWritten
    await closed(socket)
    // The answer had not waited for the body, nor was the body's end waited for.
    expect(sent).toBeLessThan(1000)
    expect(answersIn(Buffer.concat(chunks).toString('latin1'))[0]!.status).toBeLessThan(500)
  },
)

test.each(['POST /intent', 'GET /health'])(
  'a stranger who stops in the midst of a body to %s is closed when its time is over',
  async route => {
    const socket = await open(bus.port)
    socket.write(`${route} HTTP/1.1\r\nHost: bus\r\nContent-Length: 5000\r\n\r\n{"goal"`)
    socket.resume()
    await closed(socket)
    await expect.poll(() => bus.metric('intent_bus_connections')).toBe(1)
  },
)

test('a client that says nothing at all is not waited for', async () => {
  const socket = await open(bus.port)
  socket.resume()
  await closed(socket)
})

test('a client that does not read its answers is cut off', async () => {
  const accepted = once(bus.app.server, 'connection')
  const socket = await open(bus.port)
  const [served] = (await accepted) as [Socket]
  const request = 'GET /openapi.json HTTP/1.1\r\nHost: bus\r\n\r\n'
  const gone = closed(served)
  socket.write(request.repeat(32))
  await gone
  socket.destroy()
})

test('two hundred of them hold up nobody, and all of them are closed', async () => {
  const sockets = await Promise.all(
    Array.from({ length: 200 }, (_, i) => trickler(slow[i % slow.length]![1], slow[i % slow.length]![2])),
  )
  const received = sockets.map(async socket => {
    const chunks: Buffer[] = []
    socket.on('data', chunk => chunks.push(chunk))
    await closed(socket)
    return Buffer.concat(chunks).toString('latin1')
  })
  const quick = new Client(bus.url, { 'x-api-key': MASTER })
  const open = await Promise.all(
    Array.from({ length: 50 }, () => quick.post('/intent', { goal: 'g', payload: {} })),
  )
  expect(open.map(answer => answer.status)).toEqual(open.map(() => 201))
  for (const text of await Promise.all(received)) {
    // A client that still sends while it is being refused may find the connection reset, and no answer on it.
    expect(answersIn(text).every(answer => answer.status === 408)).toBe(true)
  }
})

test('a worker that asks at its own pace keeps its connection', async () => {
  const socket = await open(bus.port)
  onTestFinished(() => {
    socket.destroy()
  })
  for (let i = 0; i < 3; i += 1) {
    const chunks: Buffer[] = []
    socket.on('data', chunk => chunks.push(chunk))
    socket.write('GET /health/live HTTP/1.1\r\nHost: bus\r\n\r\n')
    await once(socket, 'data')
    socket.removeAllListeners('data')
    expect(answersIn(Buffer.concat(chunks).toString('latin1'))).toMatchObject([{ status: 200 }])
    // Longer than a request may take, and shorter than an idle connection is kept.
    await new Promise(resolve => setTimeout(resolve, REQUEST_MS + 50))
  }
})
