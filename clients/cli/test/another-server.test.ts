/** Something else that answers in the place of the bus: the sign-in page of a network, a proxy, a firewall. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Gate, refusal } from '@intent-bus/client/test/support/gate'
import { busForFile } from '@intent-bus/service/test/support/bus'
import { expect, onTestFinished, test } from 'vitest'
import { userOf } from './support/run.ts'

const bus = await busForFile()
const user = userOf(bus.url)

async function portal(answer: (response: ServerResponse) => void) {
  let asked = 0
  const server = createServer((_request, response) => {
    asked += 1
    answer(response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked }
}

const signIn = (status: number, headers: Record<string, string> = {}) =>
  portal(response =>
    response
      .writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...headers })
      .end('<title>Train WiFi</title>'),
  )

const ID = '0'.repeat(32)

test.each([
  ['publish', ['publish', 'job', '1']],
  ['result', ['result', ID]],
  ['status', ['status', ID]],
  ['list', ['list']],
  ['kv get', ['kv', 'get', 'a']],
])('%s asks again for as long as --timeout says, and then ends with what answered', async (_name, args) => {
  const { url, asked } = await signIn(403)
  const { code, err } = await user.run([...args, '--timeout', '1'], { env: { BUS_URL: url } })
  expect([code, err]).toEqual([
    3,
    expect.stringContaining(
      `error: Something other than an Intent Bus answers at ${url}: 403 text/html "Train WiFi"`,
    ),
  ])
  expect(asked()).toBeGreaterThan(1)
})

test('a command that met the sign-in page goes on when the bus answers', async () => {
  const gate = await Gate.before(bus.url)
  gate.mishaps.push({ status: 302, headers: { location: 'https://portal.example.com' } }, { status: 204 })
  const { code, out } = await user.run(['publish', 'job', '1'], { env: { BUS_URL: gate.url } })
  expect(code).toBe(0)
  expect(await bus.master.status(out.trim())).toMatchObject({ status: 'open' })
})

test('a bus that gives no answer is given up after --timeout', async () => {
  const { url } = await portal(() => undefined)
  expect(
    await user.run(['publish', 'job', '1', '--timeout', '0.3'], { env: { BUS_URL: url } }),
  ).toMatchObject({
    code: 3,
    err: expect.stringContaining('gave no answer in time'),
  })
})

test('--timeout of work still ends a command that takes longer', async () => {
  const id = await bus.master.publish({ goal: 'slow', payload: 1, max_attempts: 1 })
  await user.run(['work', 'slow', '--once', '--timeout', '0.2', '--exec', 'sleep 60'])
  expect(await bus.master.status(id)).toMatchObject({ last_error: 'It took longer than 0.2 s.' })
})

test('a worker waits for the bus behind the sign-in page, and says what answers', async () => {
  const gate = await Gate.before(bus.url)
  gate.mishaps.push({ status: 401, headers: { 'content-type': 'text/html' }, body: 'Sign in' })
  const id = await bus.master.publish({ goal: 'patient', payload: 1 })
  const { code, err } = await user.run(['work', 'patient', '--once', '--exec', 'true'], {
    env: { BUS_URL: gate.url },
  })
  expect([code, (await bus.master.status(id)).status]).toEqual([0, 'fulfilled'])
  expect(err).toContain(`Something other than an Intent Bus answers at ${gate.url}: 401 text/html "Sign in"`)
  expect(err).toContain('The bus is back.')
})

test('without a terminal, a long silence is one line', async () => {
  const gate = await Gate.before(bus.url)
  gate.mishaps.push(...Array(3).fill(refusal(503, 'overloaded', { 'retry-after': '2' })))
  const { code, err } = await user.run(['publish', 'job', '1'], { env: { BUS_URL: gate.url } })
  expect(code).toBe(0)
  expect(err).toMatch(/^The bus says to try again in \d+ s: Not now\.\n$/)
  gate.mishaps.push(...Array(3).fill(refusal(503, 'overloaded', { 'retry-after': '2' })))
  expect((await user.run(['--quiet', 'publish', 'job', '1'], { env: { BUS_URL: gate.url } })).err).toBe('')
})
