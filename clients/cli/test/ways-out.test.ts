/** What the command tells someone to do: the next step has to be one that helps here. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { BusError, UnexpectedAnswerError } from '@intent-bus/client/index'
import { Gate, refusal } from '@intent-bus/client/test/support/gate'
import { ADMIN_TOKEN, busForFile, MASTER } from '@intent-bus/service/test/support/bus'
import { describe, expect, onTestFinished, test } from 'vitest'
import { waitingText, wayOutOf } from '../src/failure.ts'
import { secondsIn } from '../src/input.ts'
import { isLoopback } from '../src/loopback.ts'
import { emptyDir, start, userOf } from './support/run.ts'

const bus = await busForFile()
bus.wallAheadMs = Date.now() - bus.clock.now()
const user = userOf(bus.url)

async function otherServer(): Promise<{ url: string; port: number }> {
  const server = createServer((_request, response) => response.writeHead(404).end('<h1>Error response</h1>'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port }
}

function directoryOfBus(url?: string): string {
  const cwd = emptyDir()
  mkdirSync(join(cwd, 'data'))
  writeFileSync(join(cwd, 'data/secrets.env'), `BUS_SECRET=${MASTER}\nBUS_ADMIN_SECRET=${ADMIN_TOKEN}\n`)
  if (url !== undefined) writeFileSync(join(cwd, 'data/bus.url'), `${url}\n`)
  return cwd
}

describe('a bus that does not run', () => {
  // The usual port may be taken on the machine of the tests: these addresses are not asked.
  test('in its own directory is started with npm start', async () => {
    const { settingsOf } = await import('../src/settings.ts')
    const none = (env: object) =>
      settingsOf({}, { HOME: '/nowhere', INTENT_BUS_CONFIG: '/none', ...env }).origins.none
    const cwd = directoryOfBus()
    expect(none({ BUS_DB_PATH: join(cwd, 'data/bus.db') })).toBe(
      'No bus runs in this directory. Start it with npm start.',
    )
    expect(none({ BUS_DB_PATH: join(cwd, 'none/bus.db') })).toContain('or set BUS_URL')
    expect(none({ BUS_API_KEY: 'k' })).toContain('BUS_URL is not set')
    expect(none({ BUS_URL: 'http://127.0.0.1:9' })).toBeUndefined()
    expect(settingsOf({ url: 'http://127.0.0.1:9' }, { BUS_API_KEY: 'k' }).origins).toMatchObject({
      address: 'http://127.0.0.1:9',
      url: '--url',
    })
  })

  test('while it is asked still has the address that it was found by', async () => {
    const gate = await Gate.before(bus.url)
    const cwd = directoryOfBus(gate.url)
    gate.onSeen = () => {
      rmSync(join(cwd, 'data/bus.url'), { force: true })
      gate.mishaps.push('refused')
    }
    const { code, err } = await start(['dead', 'list', '--follow', '--timeout', '0.1'], { cwd }).ended
    expect([code, err]).toEqual([3, expect.stringContaining('The address came from data/bus.url')])
  })

  test('is looked for by doctor at the address that was given', async () => {
    const { code, out } = await user.run(['doctor'], { env: { BUS_URL: 'http://127.0.0.1:9/' } })
    expect([code, out]).toEqual([3, expect.stringContaining('curl http://127.0.0.1:9/health')])
  })
})

describe('something else at the address', () => {
  test('on this machine is on the wrong port: doctor and commands say so', async () => {
    const { url, port } = await otherServer()
    const env = { BUS_URL: url }
    const hint = `Something else listens on port ${port}. Which address does npm start print?`
    expect((await user.run(['doctor'], { env })).out).toContain(hint)
    expect((await user.run(['list', '--timeout', '2'], { env })).err).toContain(hint)
  })

  test('elsewhere may be a network or a proxy', () => {
    const error = new UnexpectedAnswerError({ url: 'https://b.example', status: 200, answered: '"Sign in"' })
    expect(wayOutOf(error, { address: 'https://b.example', url: 'BUS_URL' })).toMatch(/sign in[\s\S]*proxy/)
    expect(waitingText(error, 2000)).toMatch(/"Sign in"\. Again in 2 s\.$/)
  })

  test.each([
    ['http://localhost:8080', true],
    ['http://bus.localhost', true],
    ['http://127.8.9.1:80/a', true],
    ['http://[::1]:8080', true],
    ['http://127.example.com', false],
    ['http://localhost.example.com', false],
    ['https://bus.example.com', false],
  ])('%s is on this machine: %s', (url, is) => expect(isLoopback(url)).toBe(is))
})

describe('a rate limit', () => {
  const message = 'Too many requests. Try again in 52 s. Limit 60.'

  test('names the time to wait once', () => {
    const error = new BusError({ code: 'rate_limited', status: 429, message, retryAfter: 52 })
    expect(waitingText(error, 53_000)).toBe(message)
  })

  test('is no fault of the key, which may be good', async () => {
    const gate = await Gate.before(bus.url)
    const rest = refusal(429, 'rate_limited', { 'retry-after': '52' })
    gate.mishaps.push('passes', 'passes', rest)
    const { code, out } = await user.run(['doctor'], { env: { BUS_URL: gate.url } })
    expect([code, out]).toEqual([6, expect.stringMatching(/^! key .*rate_limited/m)])
  })
})

test.each([
  [
    { least: 1, most: 86_400 },
    '3d',
    'It takes a time from 1 s to 1 d: 1d, 12h, 30m, or a number of seconds.',
  ],
  [{ least: 1, most: 3600 }, '2h', 'It takes a time from 1 s to 1 h: 30m, 45s, 5s, or a number of seconds.'],
  [{ least: 0 }, 'x', 'It takes a time: 90d, 1d, 12h, or a number of seconds.'],
  [
    { least: 60, whole: true },
    '1',
    'It takes a time of at least 1 m: 90d, 1d, 12h, or a whole number of seconds.',
  ],
])('a time outside of %j is answered with examples within', (range, given, message) => {
  expect(() => secondsIn(range)(given)).toThrow(message)
})

test('an empty payload is mostly a variable that is not set; an empty text is a text', async () => {
  const { code, err } = await user.run(['publish', 'x', ''])
  expect([code, err]).toEqual([2, expect.stringContaining('PAYLOAD is empty. Is a variable not set?')])
  const sent = await user.run(['publish', 'x', '--text', ''])
  expect(await bus.master.status(sent.out.trim())).toMatchObject({ status: 'open' })
})

describe('dead letters', () => {
  test('of a key alone are listed another way', async () => {
    const { code, err } = await start(['dead', 'list'], { env: { BUS_URL: bus.url, BUS_API_KEY: MASTER } })
      .ended
    expect([code, err]).toEqual([
      2,
      expect.stringContaining('Your own: intent-bus list --status dead; intent-bus retry ID'),
    ])
  })

  test('that are open again are said to be', async () => {
    const id = await bus.master.publish({ goal: 'x', payload: 1 })
    const { code, err } = await user.run(['dead', 'retry', id, '--yes'])
    expect([code, err]).toEqual([
      1,
      expect.stringContaining('It is not dead: it is open, claimed or fulfilled'),
    ])
  })

  test('have their last error in a pipe, also where it is the reason', async () => {
    const id = await bus.master.publish({ goal: 'print', payload: 1, max_attempts: 1 })
    await user.run(['work', 'print', '--once', '--exec', 'echo no paper >&2; exit 1'])
    const { out } = await user.run(['dead', 'list', '--goal', 'print'])
    expect(out).toContain(id)
    expect(out.trimEnd()).toMatch(/no paper +no paper$/)
  })
})
