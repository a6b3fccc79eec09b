/** HOST=localhost: one bus at two addresses. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BusProcess } from '../support/bus-process.ts'
import { refusal } from '../support/client.ts'
import { PATIENT } from '../support/patience.ts'
import { open, rawCall } from '../support/raw.ts'
import { answersIn, closed } from './conversation.ts'

const KEY = 'a-master-key-for-this-test'
const METRICS = 'a-metrics-token-for-this-test'
const BOTH = ['127.0.0.1', '::1']
const hasV6 = Object.values(networkInterfaces()).some(each => each?.some(({ address }) => address === '::1'))
if (!hasV6) console.warn('this machine has no ::1: what a bus at localhost does there is not tested')

async function start(env: Record<string, string> = {}): Promise<{ bus: BusProcess; port: number }> {
  const dir = mkdtempSync(join(tmpdir(), 'bus-localhost-'))
  const bus = new BusProcess(dir, {
    PORT: '0',
    HOST: 'localhost',
    BUS_SECRET: KEY,
    BUS_METRICS_TOKEN: METRICS,
    ...env,
  })
  onTestFinished(async () => {
    await bus.kill()
    rmSync(dir, { recursive: true })
  })
  return { bus, port: await bus.ready() }
}

async function opened(port: number, host: string): Promise<Socket> {
  const socket = await open(port, host)
  onTestFinished(() => {
    socket.destroy()
  })
  return socket
}

/** A request whose body is still on its way, which the bus has seen; or `null` when it hangs up at once. */
async function busy(port: number, host: string): Promise<Socket | null> {
  const socket = await opened(port, host)
  const heard = new Promise<Socket>(resolve => {
    socket.once('data', () => resolve(socket))
  })
  const end = closed(socket).then(() => null)
  socket.write(
    `POST /intent HTTP/1.1\r\nHost: bus\r\nX-API-KEY: ${KEY}\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n`,
  )
  return Promise.race([heard, end])
}

const health = (more = '') => `GET /health/live HTTP/1.1\r\nHost: bus\r\n${more}\r\n`

describe.skipIf(!hasV6)('a bus whose HOST is localhost', () => {
  test('answers at both addresses', async () => {
    const { port } = await start()
    for (const host of BOTH) expect((await rawCall(port, health(), host)).status).toBe(200)
  })

  test('counts the connections of both together', async () => {
    const { bus, port } = await start({ BUS_MAX_CONNECTIONS: '4' })
    for (const host of [...BOTH, ...BOTH]) expect(await busy(port, host)).not.toBeNull()
    for (const host of BOTH) expect(await busy(port, host)).toBeNull()
    expect(bus.out).toContain('(BUS_MAX_CONNECTIONS)')
  })

  test('closes an idle connection of one to make room at the other', async () => {
    const { port } = await start({ BUS_MAX_CONNECTIONS: '1' })
    const idle = await opened(port, '::1')
    idle.resume().write(health())
    let status = 0
    // It is left alone for a second.
    while (status !== 200)
      status = await rawCall(port, health(), '127.0.0.1').then(
        answer => answer.status,
        () => 0,
      )
    await expect.poll(() => idle.destroyed, PATIENT).toBe(true)
  })

  test('bounds the requests that wait on one connection at either', async () => {
    const { port } = await start()
    for (const host of BOTH) {
      const socket = await opened(port, host)
      const chunks: Buffer[] = []
      socket.on('data', chunk => chunks.push(chunk))
      const end = closed(socket)
      const wait = `POST /claim?wait=1 HTTP/1.1\r\nHost: bus\r\nX-API-KEY: ${KEY}\r\n\r\n`
      socket.write(wait + health().repeat(40))
      await end
      const answers = answersIn(Buffer.concat(chunks).toString('latin1'))
      expect(answers.map(({ status }) => status)).toEqual([204, ...Array(31).fill(200), 503])
    }
  })

  test('refuses in its own words what is not HTTP, and ignores what a client expects, at either', async () => {
    const { port } = await start()
    for (const host of BOTH) {
      expect(refusal(await rawCall(port, 'garbage\r\n\r\n', host))).toMatchObject({
        status: 400,
        code: 'invalid_request',
      })
      expect((await rawCall(port, health('Expect: a-miracle\r\n'), host)).status).toBe(200)
    }
  })

  test('tells the open connections of both', async () => {
    const { port } = await start()
    for (const host of BOTH) expect(await busy(port, host)).not.toBeNull()
    const request = `GET /metrics HTTP/1.1\r\nHost: bus\r\nAuthorization: Bearer ${METRICS}\r\n\r\n`
    expect((await rawCall(port, request)).text).toMatch(/^intent_bus_connections 3$/m)
  })

  test('stops with connections of both in the midst of a request, idle and silent', async () => {
    const { bus, port } = await start({ BUS_DRAIN_SECONDS: '6' })
    for (const host of BOTH) {
      await opened(port, host)
      expect(await busy(port, host)).not.toBeNull()
      const idle = await opened(port, host)
      idle.write(health())
      await once(idle, 'data')
    }
    bus.signal('SIGTERM')
    expect(await bus.exited).toEqual({ code: 0, signal: null })
    expect(bus.out).toContain('"msg":"stopped"')
  })

  test('warns and serves the first address when another process has the port of the second', async () => {
    const other = createServer()
    await new Promise<void>(resolve => other.listen({ host: '::1', port: 0 }, resolve))
    onTestFinished(() => void other.close())
    const { port: taken } = other.address() as { port: number }
    const { bus, port } = await start({ PORT: `${taken}` })
    expect((await rawCall(port, health())).status).toBe(200)
    expect(bus.out).toContain(`port ${taken} of ::1 cannot be had (another process listens on it)`)
  })
})
