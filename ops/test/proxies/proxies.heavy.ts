/** The files that docs/reach puts in front of a bus, in the real nginx, Caddy and Traefik, before a real bus. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseEnv, promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { BusProcess } from '../../../service/test/support/bus-process.ts'
import { installed } from '../../../service/test/support/installed.ts'
import { root } from '../../../service/test/support/root.ts'
import { readsYaml } from '../yaml-file.ts'
import { startCaddy } from './caddy.ts'
import { type Ask, clientOf, type Reply } from './client.ts'
import { type Front, ownAddress, type Start } from './front.ts'
import { startNginx } from './nginx.ts'
import { startTraefik } from './traefik.ts'

const NOBODY = '0'.repeat(32)
/** Room for a batch that is nearly as large as a body may be. */
const MAX_PAYLOAD = 16_384

type Proxy = { name: string; start: Start; missing: string | undefined }

const PROXIES: Proxy[] = [
  { name: 'Caddy', start: startCaddy, missing: ['caddy'].find(each => !installed(each)) },
  { name: 'nginx', start: startNginx, missing: ['nginx', 'openssl'].find(each => !installed(each)) },
  {
    name: 'Traefik',
    start: startTraefik,
    missing:
      ['traefik', 'openssl'].find(each => !installed(each)) ?? (readsYaml ? undefined : 'python3-yaml'),
  },
]

/** A bus with a proxy in front. */
type Scene = {
  bus: BusProcess
  busPort: number
  front: Front
  ask: Ask
  secrets: NodeJS.Dict<string>
  /** Begun with all the others, and looked at in the end: a minute is long. */
  longPoll: Promise<Reply>
  stop: () => Promise<void>
}

async function sceneOf(start: Start): Promise<Scene> {
  const dir = mkdtempSync(join(tmpdir(), 'proxies-'))
  const bus = new BusProcess(dir, {
    PORT: '0',
    BUS_TRUST_PROXY: '1',
    BUS_ENFORCE_HTTPS: 'true',
    BUS_MAX_PAYLOAD_BYTES: `${MAX_PAYLOAD}`,
  })
  let front: Front | undefined
  const stop = async () => {
    await front?.stop()
    await bus.kill()
    rmSync(dir, { recursive: true, force: true })
  }
  try {
    const busPort = await bus.ready()
    const secrets = parseEnv(readFileSync(join(dir, 'data/secrets.env'), 'utf8'))
    front = await start(dir, busPort)
    const ask = clientOf(front, secrets['BUS_SECRET']!)
    const isUp = () =>
      ask('GET', '/health').then(
        ({ status }) => status === 200,
        () => false,
      )
    await vi.waitUntil(isUp, 20_000)
    const longPoll = ask('POST', '/claim?namespace=quiet&wait=60')
    longPoll.catch(() => undefined)
    return { bus, busPort, front, ask, secrets, longPoll, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const scenes = new Map<string, Scene>()

beforeAll(async () => {
  for (const { name, start, missing } of PROXIES) {
    if (missing === undefined) scenes.set(name, await sceneOf(start))
  }
}, 120_000)

afterAll(async () => {
  for (const scene of scenes.values()) await scene.stop()
})

const reasonOf = (missing: string | undefined) =>
  missing === undefined ? '' : ` (skipped: ${missing} is not installed)`

for (const { name, missing } of PROXIES) {
  describe.skipIf(missing !== undefined)(`behind ${name}${reasonOf(missing)}`, () => {
    let bus: BusProcess
    let busPort: number
    let front: Front
    let ask: Ask
    let secrets: NodeJS.Dict<string>
    beforeAll(() => {
      ;({ bus, busPort, front, ask, secrets } = scenes.get(name)!)
    })

    test('the smoke suite passes', async () => {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [join(root, 'ops/acceptance/smoke/run.ts'), `https://localhost:${front.port}`],
        {
          env: {
            PATH: process.env['PATH'],
            NO_PROXY: 'localhost',
            NODE_EXTRA_CA_CERTS: front.authority,
            INTENT_BUS_CONFIG: '/nonexistent/config.json',
            BUS_API_KEY: secrets['BUS_SECRET'],
            BUS_ADMIN_TOKEN: secrets['BUS_ADMIN_SECRET'],
            BUS_METRICS_TOKEN: secrets['BUS_METRICS_TOKEN'],
          },
        },
      )
      expect(stdout).toContain('8 well, 0 not, 1 not looked at')
    })

    test.each([
      ['as it is', {}],
      ['whatever the client says', { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' }],
      [
        'even by lists',
        { 'x-forwarded-for': '203.0.113.9, 198.51.100.7', 'x-forwarded-proto': 'https, http' },
      ],
    ])('the bus sees the address of the client, %s', async (_, headers) => {
      const id = `asked-${Math.random()}`
      const wrong = { 'x-request-id': id, 'x-api-key': 'wrong', ...headers }
      expect((await ask('GET', `/status/${NOBODY}`, { headers: wrong })).status).toBe(401)
      const line = () => bus.out.split('\n').find(each => each.includes(id))
      await vi.waitUntil(line, 5000)
      expect(JSON.parse(line()!).ip).toBe(ownAddress())
    })

    test('whoever asks the bus itself, past the proxy, cannot say that it came by HTTPS from elsewhere', async () => {
      const answer = await fetch(`http://127.0.0.1:${busPort}/status/${NOBODY}`, {
        headers: { 'x-api-key': secrets['BUS_SECRET']!, 'x-forwarded-for': '203.0.113.7' },
      })
      expect(answer.status).toBe(403)
    })

    /** By plain HTTP. */
    const askPlainly = (path: string) =>
      new Promise<{ status?: number; location?: string; body: string }>((resolve, reject) => {
        const asked = request({
          host: ownAddress(),
          port: front.plainPort,
          path,
          headers: { host: 'localhost' },
        })
        asked.on('response', response => {
          const { statusCode, headers } = response
          text(response).then(
            body => resolve({ status: statusCode!, location: headers.location!, body }),
            reject,
          )
        })
        asked.on('error', reject)
        asked.end()
      })

    test('plain HTTP is sent on to HTTPS', async () => {
      const { status, location } = await askPlainly('/health?a=1')
      expect([301, 308]).toContain(status)
      expect(location).toMatch(/^https:\/\/localhost(:\d+)?\/health\?a=1$/)
    })

    if (name === 'nginx') {
      test('what certbot lays out for its certificate is read by plain HTTP', async () => {
        const answer = await askPlainly('/.well-known/acme-challenge/token')
        expect(answer).toMatchObject({ status: 200, body: 'token.thumbprint' })
      })
    }

    test('a body nearly as large as the bus takes passes, and it is the bus who refuses a larger one', async () => {
      const batch = (payload: string, count: number) =>
        JSON.stringify({
          intents: Array.from({ length: count }, () => ({ goal: 'large', namespace: 'large', payload })),
        })
      const large = batch('x'.repeat(MAX_PAYLOAD - 2), 1000)
      expect(large.length).toBeGreaterThan(16_400_000)
      const accepted = await ask('POST', '/intents', { body: large })
      expect(accepted.status).toBe(201)
      expect((accepted.fields['intents'] as object[]).length).toBe(1000)
      const answer = await ask('POST', '/claim?namespace=large&max=100')
      expect(answer.text.length).toBeGreaterThan(100 * (MAX_PAYLOAD - 2))

      const refused = await ask('POST', '/intents', { body: batch('x'.repeat(MAX_PAYLOAD - 2), 1030) })
      expect(refused.status).toBe(413)
      expect(refused.fields).toMatchObject({ error: { code: 'payload_too_large' } })
    }, 60_000)

    test.each(['a%2Fb', 'a%20b', 'gr%C3%BC%C3%9Fe', '%252F', 'a+b'])(
      'the key %s of a value stays what it is',
      async key => {
        const body = JSON.stringify({ value: key })
        expect((await ask('POST', `/set/${key}`, { body })).status).toBe(200)
        expect((await ask('GET', `/get/${key}`)).fields).toMatchObject({ value: key })
        const direct = await fetch(`http://127.0.0.1:${busPort}/get/${key}`, {
          headers: { 'x-api-key': secrets['BUS_SECRET']! },
        })
        expect(await direct.json()).toMatchObject({ value: key })
      },
    )

    test('a worker that goes away while it waits is gone for the bus, and takes nothing with it', async () => {
      const waiting = async () => {
        const bearer = { authorization: `Bearer ${secrets['BUS_METRICS_TOKEN']}` }
        const metrics = await ask('GET', '/metrics', { headers: bearer })
        return (
          /^intent_bus_namespace_waiting_claims\{namespace="left"\} (\d+)$/m.exec(metrics.text)?.[1] ?? '0'
        )
      }
      const leaving = new AbortController()
      const claim = ask('POST', '/claim?namespace=left&wait=60', { signal: leaving.signal })
      claim.catch(() => undefined)
      await expect.poll(waiting, { timeout: 10_000 }).toBe('1')
      leaving.abort()
      await expect(claim).rejects.toThrow()
      await expect.poll(waiting, { timeout: 10_000 }).toBe('0')
      const body = JSON.stringify({ goal: 'work', namespace: 'left', payload: 1 })
      const { fields } = await ask('POST', '/intent', { body })
      expect((await ask('POST', '/claim?namespace=left')).fields).toMatchObject({ id: fields['id'] })
    })

    test('a claim that waits a whole minute is answered by the bus', async () => {
      const { status, headers } = await scenes.get(name)!.longPoll
      expect(status).toBe(204)
      expect(headers).toHaveProperty('x-intent-version')
    }, 90_000)
  })
}
