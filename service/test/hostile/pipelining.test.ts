import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { readPage } from '../../../docs/pages.ts'
import { boundPipelines } from '../../http/limits/pipelining.ts'
import { busForTest, MASTER, METRICS_TOKEN } from '../support/bus.ts'
import { open } from '../support/raw.ts'
import { answersIn, closed } from './conversation.ts'

const GET = 'GET /health/live HTTP/1.1\r\nHost: bus\r\n\r\n'
const GOODBYE = 'GET /health/live HTTP/1.1\r\nHost: bus\r\nConnection: close\r\n\r\n'
const WAIT = `POST /claim?wait=60 HTTP/1.1\r\nHost: bus\r\nX-API-KEY: ${MASTER}\r\n\r\n`

async function connected(port: number): Promise<Socket> {
  const client = await open(port)
  onTestFinished(() => {
    client.destroy()
  })
  return client
}

/** Every answer on a connection until it is closed. */
async function answers(client: Socket): Promise<ReturnType<typeof answersIn>> {
  const received: Buffer[] = []
  client.on('data', chunk => received.push(chunk))
  await closed(client)
  return answersIn(Buffer.concat(received).toString('latin1'))
}

/** A server that answers nothing, and counts what it was asked. */
async function silent(): Promise<{ port: number; asked: () => number; unanswered: () => Promise<void> }> {
  let asked = 0
  const server: Server = createServer(() => {
    asked += 1
  })
  boundPipelines(server, { requestDone() {} })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    asked: () => asked,
    async unanswered() {
      const client = await connected(port)
      const before = asked
      client.write(GET.repeat(32))
      await expect.poll(() => asked).toBe(before + 32)
    },
  }
}

test('a client that keeps up to 32 requests ahead of their answers is served for as long as it likes', async () => {
  const bus = await busForTest()
  const client = await connected(bus.port)
  const all = answers(client)
  let begun = 0
  client.on('data', chunk => {
    begun += chunk.toString('latin1').split('HTTP/1.1 200 OK').length - 1
  })
  for (let round = 1; round <= 5; round += 1) {
    client.write(WAIT + GET.repeat(31))
    await expect.poll(() => bus.waitingClaims()).toBe(1)
    await bus.master.publish()
    await expect.poll(() => begun).toBe(32 * round)
  }
  client.write(GOODBYE)
  expect((await all).map(answer => answer.status)).toEqual(Array(161).fill(200))
})

test('the first request beyond 32 is refused in its turn, and the connection closed behind it', async () => {
  const bus = await busForTest()
  const client = await connected(bus.port)
  const all = answers(client)
  client.write(WAIT + GET.repeat(40))
  await expect.poll(() => bus.waitingClaims()).toBe(1)
  await bus.master.publish()
  const received = await all
  expect(received.slice(0, -1).map(answer => answer.status)).toEqual(Array(32).fill(200))
  expect(received.at(-1)).toMatchObject({
    status: 503,
    headers: { connection: 'close', 'retry-after': '1', 'x-intent-version': '7.61' },
  })
  const { code, message } = JSON.parse(received.at(-1)!.text).error
  expect(code).toBe('overloaded')
  expect(readPage('http.md')).toContain(`503 \`${code}\`, \`${message}\``)
  const scrape = (await bus.nobody.get('/metrics', { authorization: `Bearer ${METRICS_TOKEN}` })).text
  expect(scrape).toMatch(/_count\{[^}]*route="unmatched"[^}]*status="503"[^}]*\} 1\n/)
})

test('of 1,800 requests in one packet 32 are begun, and the connection is cut off', async () => {
  const { port, asked } = await silent()
  const client = await connected(port)
  const end = closed(client)
  client.write(GET.repeat(1800))
  await end
  expect(asked()).toBe(32)
})

test('with 2,048 requests waiting behind others each connection may have 3 more, until they are answered', async () => {
  const { port, asked, unanswered } = await silent()
  for (let i = 0; i < 66; i += 1) await unanswered()
  const before = asked()
  const [client, alone] = [await connected(port), await connected(port)]
  client.write(GET.repeat(20))
  alone.write(GET)
  await expect.poll(() => asked()).toBeGreaterThanOrEqual(before + 5)
  expect(asked()).toBe(before + 5)
})
