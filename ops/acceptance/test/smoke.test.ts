/** The smoke suite passes a bus that is well, and says what is not of one that is not. */
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { BusProcess } from '../../../service/test/support/bus-process.ts'
import { main } from '../smoke/run.ts'

const dir = mkdtempSync(join(tmpdir(), 'smoke-'))
let bus = new BusProcess(dir, { PORT: '0' })
const port = await bus.ready()
const url = `http://127.0.0.1:${port}`
const secrets = parseEnv(readFileSync(join(dir, 'data/secrets.env'), 'utf8'))
const keys = {
  BUS_API_KEY: secrets['BUS_SECRET'],
  BUS_ADMIN_TOKEN: secrets['BUS_ADMIN_SECRET'],
  BUS_METRICS_TOKEN: secrets['BUS_METRICS_TOKEN'],
}

afterAll(async () => {
  await bus.kill()
  rmSync(dir, { recursive: true, force: true })
})

async function smoke(args: string[], env: Record<string, string | undefined> = keys) {
  let [said, complained] = ['', '']
  const code = await main(
    args,
    { INTENT_BUS_CONFIG: '/nonexistent/config.json', ...env },
    line => {
      said += `${line}\n`
    },
    line => {
      complained += `${line}\n`
    },
  )
  return { code, said, complained, failed: said.match(/^NO .*$/gm) ?? [] }
}

type Ways = {
  /** In the place of the bus. `true`: it has answered. */
  instead?: (request: IncomingMessage, response: ServerResponse) => boolean
  headers?: (headers: Headers) => void
  text?: (text: string, path: string) => string
}

/** Something between the suite and the bus that does not leave what it passes on as it was. */
async function through({ instead, headers: change, text: alter }: Ways): Promise<string> {
  const server = createServer(async (request, response) => {
    if (instead?.(request, response)) return
    const { host: _, connection: __, 'content-length': ___, ...sent } = request.headers
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const answer = await fetch(url + request.url, {
      method: request.method!,
      headers: sent as Record<string, string>,
      body: body.length === 0 ? null : body,
    })
    const text = await answer.text()
    const headers = new Headers(answer.headers)
    for (const name of ['connection', 'content-length', 'transfer-encoding', 'keep-alive'])
      headers.delete(name)
    change?.(headers)
    response.writeHead(answer.status, Object.fromEntries(headers))
    response.end(alter?.(text, request.url!) ?? text)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Stops and starts the bus once the command of --restart has asked for it. */
async function restarted(between: () => void): Promise<() => Promise<void>> {
  const asked = join(dir, 'asked')
  const serving = (async () => {
    while (!existsSync(asked)) await new Promise(resolve => setTimeout(resolve, 20))
    bus.signal('SIGTERM')
    await bus.exited
    between()
    bus = new BusProcess(dir, { PORT: `${port}` })
    await bus.ready()
    rmSync(asked)
  })()
  return () => serving
}
const RESTART = [
  '--restart',
  `touch '${join(dir, 'asked')}'; while [ -e '${join(dir, 'asked')}' ]; do sleep 0.05; done`,
]

test('a bus that is well passes, a restart included', async () => {
  const done = await restarted(() => {})
  const { said, code } = await smoke([url, ...RESTART])
  await done()
  expect(said).toContain('9 well, 0 not\n')
  expect(code).toBe(0)
})

test('only reading, it leaves nothing in the bus', async () => {
  const held = async () => {
    const answer = await fetch(`${url}/admin/overview`, {
      headers: { 'x-admin-token': keys.BUS_ADMIN_TOKEN! },
    })
    return ((await answer.json()) as { intents?: object }).intents
  }
  const before = await held()
  expect(before).toMatchObject({ open: 0 })
  const { said, code } = await smoke([url, '--read-only'])
  expect(said).toContain('6 well, 0 not, 3 not looked at\n')
  expect(code).toBe(0)
  expect(await held()).toEqual(before)
})

test('without a key it looks at what is open, and says what it did not look at', async () => {
  const { said, code } = await smoke([url, '--read-only'], {})
  expect(said).toContain('the key opens it: not looked at (no BUS_API_KEY)')
  expect(said).toContain('3 well, 0 not, 6 not looked at\n')
  expect(code).toBe(0)
})

test.each<[string, string, Ways]>([
  [
    'a header is taken away',
    'NO answers carry the security headers',
    {
      headers: headers => headers.delete('x-frame-options'),
    },
  ],
  [
    'its clock is wrong',
    'NO it is well: its clock is',
    {
      text: (text, path) => (path === '/health' ? text.replace(/"ts":\d+/, '"ts":1') : text),
    },
  ],
  [
    'the metrics are open to all',
    'NO it is closed without a key: GET /metrics',
    {
      instead: ({ url: path }, response) => path === '/metrics' && Boolean(response.end('all of them')),
    },
  ],
  [
    'the metrics are not there',
    'NO the metrics can be read',
    {
      text: (text, path) => (path === '/metrics' ? text.replaceAll('intent_bus_depth', 'depth') : text),
    },
  ],
  [
    'payloads are changed on the way',
    'NO a job is published, claimed and fulfilled: the payload',
    {
      text: (text, path) => (path.startsWith('/claim') ? text.replace('Grüße', 'Gr??e') : text),
    },
  ],
  [
    'whoever waits is cut off',
    'NO a worker that waits gets a job at once: POST /claim',
    {
      instead: ({ url: path }, response) =>
        path!.includes('wait=') && Boolean(response.writeHead(504).end('the gateway gave up')),
    },
  ],
  [
    'any key will do',
    'NO it is closed without a key',
    {
      instead: ({ headers }, response) => {
        if (headers['x-api-key'] !== 'tk_this-key-was-never-issued') return false
        response.writeHead(204).end()
        return true
      },
    },
  ],
])('where %s, it says so', async (_what, line, ways) => {
  const { failed, code } = await smoke([await through(ways)])
  expect(failed.join('\n')).toContain(line)
  expect(code).toBe(1)
})

test('a bus that starts without what it had is found out', async () => {
  const done = await restarted(() => {
    for (const ending of ['', '-wal', '-shm']) rmSync(join(dir, `data/bus.db${ending}`), { force: true })
  })
  const { failed, code } = await smoke([url, ...RESTART])
  await done()
  expect(failed).toEqual([
    expect.stringContaining('NO a restart drains, and loses nothing: POST /claim is 200'),
  ])
  expect(code).toBe(1)
})

test('a bus that is not there is no bus that is well', async () => {
  const { said, code } = await smoke(['http://127.0.0.1:9', '--read-only'], {})
  expect(said).toContain('0 well, 3 not')
  expect(code).toBe(1)
})

test.each([
  [[], 'It takes one URL; it got 0'],
  [['localhost:8080'], 'http:// or https://'],
  [[url, '--read-only', '--restart', 'true'], 'exclude each other'],
  [[url, '--write'], '--write'],
])('wrongly called with %j, it says how', async (args, line) => {
  const { code, complained } = await smoke(args)
  expect(complained).toContain(line)
  expect(code).toBe(2)
})

test('publishing without a key is refused before anything is sent', async () => {
  const { code, complained } = await smoke([url], {})
  expect(complained).toContain('BUS_API_KEY is not set')
  expect(code).toBe(2)
})
