/** What goes to this machine goes through no proxy, whatever the environment says. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { busForFile } from '@intent-bus/service/test/support/bus'
import { expect, onTestFinished, test } from 'vitest'
import { userOf } from './support/run.ts'

const bus = await busForFile()
const user = userOf(bus.url)

/** A proxy that notes what it is asked for, and refuses it. */
async function proxy() {
  const asked: string[] = []
  const server = createServer((incoming, outgoing) => {
    asked.push(incoming.url!)
    outgoing.writeHead(502).end()
  })
  server.on('connect', ({ url }, socket) => {
    asked.push(url!)
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { asked, env: { http_proxy: url, https_proxy: url, NODE_USE_ENV_PROXY: '1' } }
}

test.each(['localhost', '127.0.0.1', '127.0.0.2', '127.1.2.3', '[::1]', 'bus.localhost'])(
  'a request to %s does not go through a proxy',
  async host => {
    const { asked, env } = await proxy()
    const BUS_URL = `http://${host}:${bus.port}`
    const { code } = await user.run(['kv', 'get', 'nothing', '--timeout', '0.1'], {
      env: { ...env, BUS_URL },
    })
    expect(asked).toEqual([])
    // The others are addresses of this machine at which this bus does not listen.
    if (host === '127.0.0.1') expect(code).toBe(5)
  },
)

test('one to another machine does, unless no_proxy names it', async () => {
  const { asked, env } = await proxy()
  const away = { ...env, BUS_URL: 'http://bus.example' }
  const ask = ['kv', 'get', 'nothing', '--timeout', '0.1']
  await user.run(ask, { env: { ...away, no_proxy: 'bus.example' } })
  expect(asked).toEqual([])
  await user.run(ask, { env: away })
  expect(asked).not.toEqual([])
})

test('doctor --server asks the bus of this machine without a proxy', async () => {
  const { asked, env } = await proxy()
  await user.run(['doctor', '--server'], { env: { ...env, HOST: '127.0.0.1', PORT: `${bus.port}` } })
  expect(asked).toEqual([])
})

test('the command of a worker gets no_proxy as it was', async () => {
  const { env } = await proxy()
  await bus.master.publish({ goal: 'tell' })
  const { code, out, err } = await user.run(
    ['--json', 'work', 'tell', '--once', '--exec', 'echo "<$no_proxy>" >&2; exit 1'],
    { env: { ...env, no_proxy: 'elsewhere.example' } },
  )
  expect([code, out + err]).toEqual([1, expect.stringContaining('<elsewhere.example>')])
})
