/**
 * The compose file as it is, in a real Docker, with stand-ins for the images that cannot be pulled everywhere: see
 * base-images.sh. There is none for Grafana, which is not started.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, fetch as fetchWith } from 'undici'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Claim, Client } from '../../../service/test/support/client.ts'
import { installed } from '../../../service/test/support/installed.ts'
import { root } from '../../../service/test/support/root.ts'
import { main as smokeMain } from '../../acceptance/smoke/run.ts'
import { DEPLOYMENT } from '../../deployment.ts'
import { post, publish, statusOf } from './bus-calls.ts'
import { docker, Engine } from './engine.ts'
import { checkOut, olderCode } from './older-code.ts'
import { IMAGE, Stack } from './stack.ts'

const MIB = 1024 * 1024
const OLDER = 'intent-bus:older'

const noIpv6 = !Object.values(networkInterfaces())
  .flat()
  .some(each => each?.address === '::1')

let engine: Engine
let stack: Stack

const upBus = () => stack.up('bus')
/** The bus may be at its own first backup. */
const backedUp = () =>
  vi.waitFor(() => stack.compose('exec', '-T', 'bus', 'intent-bus', 'backup'), {
    timeout: 60_000,
    interval: 1000,
  })
const imageOfBus = () => engine.must('inspect', '-f', '{{.Config.Image}}', 'intent-bus-bus-1')

beforeAll(async () => {
  if (docker.reason !== null) return
  engine = await Engine.start()
  await engine.build(IMAGE)
  stack = await Stack.asItIs(engine)
  await upBus()
}, 400_000)

afterAll(async () => {
  await engine?.stop()
})

describe.skipIf(docker.reason !== null)(
  docker.named('the compose file'),
  () => {
    test('is one that Docker takes without a word of warning, with every profile', async () => {
      const profiles = ['--profile', 'https']
      const { code, err } = await engine.docker('compose', ...profiles, 'config', '--quiet')
      expect({ code, err }).toEqual({ code: 0, err: '' })
    })

    test('.env.example with every line switched on is taken as well, and does what it says', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'bus-env-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      const example = readFileSync(join(root, '.env.example'), 'utf8')
      const file = join(folder, 'env')
      writeFileSync(file, example.replace(/^#(?=[A-Z_]+=)/gm, ''))
      const said = await engine.must('compose', '--env-file', file, 'config', '--format', 'json')
      const { services } = JSON.parse(said) as { services: Record<string, { volumes: object[] }> }
      // COMPOSE_PROFILES takes Caddy along.
      expect(Object.keys(services)).toContain('caddy')
      expect(services['bus']!.volumes).toContainEqual(
        expect.objectContaining({ source: '/mnt/other-disk/bus', target: DEPLOYMENT.backups }),
      )
    })

    test('`up bus` starts the bus alone, as hardened as it says', async () => {
      expect(await stack.compose('ps', '--format', '{{.Service}}')).toBe('bus')
      const [container] = JSON.parse(await engine.must('inspect', 'intent-bus-bus-1'))
      expect(container.HostConfig).toMatchObject({
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges:true'],
        Memory: 512 * MIB,
        PidsLimit: DEPLOYMENT.limits.pids,
        Privileged: false,
      })
      for (const value of Object.values(await stack.keys())) {
        expect(JSON.stringify(container.Config)).not.toContain(value)
      }
    })

    test('the smoke suite passes, a restart included', async () => {
      const { DOCKER, DOCKER_HOST, DOCKER_CONFIG } = engine.env({})
      const there = `BUS_PORT=${stack.env['BUS_PORT']} DOCKER_HOST=${DOCKER_HOST} DOCKER_CONFIG=${DOCKER_CONFIG}`
      let said = ''
      const say = (line: string) => {
        said += `${line}\n`
      }
      const command = `${there} ${DOCKER} compose restart bus`
      const given = { INTENT_BUS_CONFIG: '/nonexistent/config.json', ...(await stack.keys()) }
      await smokeMain([stack.url, '--restart', command], given, say, say)
      expect(said).toContain('9 well, 0 not\n')
    })

    test('SIGKILL of the container loses nothing that was acknowledged', async () => {
      const { BUS_API_KEY } = await stack.keys()
      const acknowledged: string[] = []
      const publishing = (async () => {
        for (;;) {
          const id = await publish(stack.url, BUS_API_KEY, acknowledged.length).catch(() => undefined)
          if (id === undefined) return
          acknowledged.push(id)
        }
      })()
      await vi.waitUntil(() => acknowledged.length >= 30, 20_000)
      await stack.compose('kill', '--signal', 'SIGKILL', 'bus')
      await publishing
      await upBus()
      for (const id of acknowledged) expect(await statusOf(stack.url, BUS_API_KEY, id)).toBe('open')
    })

    test('`down` and `up` loses neither work nor secrets nor keys', async () => {
      const before = await stack.keys()
      const id = await publish(stack.url, before.BUS_API_KEY, 'over the night')
      const issued = await stack.compose('exec', '-T', 'bus', 'intent-bus', 'keys', 'create', 'pi')
      await stack.compose('down')
      await upBus()
      expect(await stack.keys()).toEqual(before)
      expect(await statusOf(stack.url, before.BUS_API_KEY, id)).toBe('open')
      expect((await post(stack.url, '/claim', issued)).status).toBe(204)
    })

    test.skipIf('reason' in olderCode)(
      `what a bus of older code took is kept, and done, after an upgrade${'reason' in olderCode ? ` (skipped: ${olderCode.reason})` : ''}`,
      async () => {
        if ('reason' in olderCode) return
        const folder = checkOut(olderCode.commit)
        onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
        await engine.build(OLDER, { folder })
        await stack.compose('down', '--volumes')
        stack.env['BUS_IMAGE'] = OLDER
        onTestFinished(() => {
          delete stack.env['BUS_IMAGE']
        })
        await upBus()
        expect(await imageOfBus()).toBe(OLDER)
        const { BUS_API_KEY: key, BUS_ADMIN_TOKEN } = await stack.keys()
        const admin = new Client(stack.url, { 'x-admin-token': BUS_ADMIN_TOKEN })
        const issued: string = (await admin.post('/admin/generate_key', { owner: 'pi' })).json.api_key
        const [waits, held, done] = [
          await publish(stack.url, key, 'waits', 'waits'),
          await publish(stack.url, issued, 'is being done', 'held'),
          await publish(stack.url, key, 'is done', 'done'),
        ]
        const take = async (namespace: string, who: string) =>
          (await (await post(stack.url, `/claim?namespace=${namespace}&lease=3600`, who)).json()) as Claim
        const settle = async ({ id, claim_token }: Claim, who: string) =>
          (await post(stack.url, `/fulfill/${id}`, who, { claim_token, result: id })).status
        const inHand = await take('held', issued)
        expect(await settle(await take('done', key), key)).toBe(200)

        delete stack.env['BUS_IMAGE']
        await upBus()
        expect(await imageOfBus()).toBe(IMAGE)
        expect(await statusOf(stack.url, key, done)).toBe('fulfilled')
        expect(await statusOf(stack.url, issued, held)).toBe('claimed')
        expect(await settle(inHand, issued)).toBe(200)
        const claimed = await take('waits', key)
        expect(claimed).toMatchObject({ id: waits, payload: 'waits' })
        expect(await settle(claimed, key)).toBe(200)
        expect(await statusOf(stack.url, key, waits)).toBe('fulfilled')
        expect(await backedUp()).toContain('bus-')
      },
    )

    test('the bus backs itself up into a volume of its own, and is restored from there', async () => {
      await upBus()
      const { BUS_API_KEY } = await stack.keys()
      const kept = await publish(stack.url, BUS_API_KEY, 'in the backup')
      const said = await backedUp()
      const [name] = /bus-\w+\.db\.zst/.exec(said)!
      const later = await publish(stack.url, BUS_API_KEY, 'not in it')
      await stack.compose('stop', 'bus')
      await stack.compose(
        ...['run', '--rm', '-T', 'bus', '/app/clients/cli/intent-bus.js'],
        ...['restore', `/backups/${name}`, '--force'],
      )
      await upBus()
      expect(await statusOf(stack.url, BUS_API_KEY, kept)).toBe('open')
      expect(await statusOf(stack.url, BUS_API_KEY, later)).toBeUndefined()
      const folder = mkdtempSync(join(tmpdir(), 'bus-copies-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      await stack.compose('cp', 'bus:/backups', join(folder, 'copies'))
      expect(readdirSync(join(folder, 'copies'))).toEqual(expect.arrayContaining([name, `${name}.sha256`]))
    })

    test('a secret that is made anew shuts the old one out, and leaves the others', async () => {
      const before = await stack.keys()
      await stack.compose('run', '--rm', '--no-deps', 'secrets', 'bus-secret')
      await stack.compose('restart', 'bus')
      await upBus()
      const after = await stack.keys()
      expect(after.BUS_API_KEY).not.toBe(before.BUS_API_KEY)
      expect({ ...after, BUS_API_KEY: before.BUS_API_KEY }).toEqual(before)
      expect((await post(stack.url, '/claim?namespace=none', before.BUS_API_KEY)).status).toBe(401)
      expect((await post(stack.url, '/claim?namespace=none', after.BUS_API_KEY)).status).toBe(204)
      const shown = await stack.compose('run', '--rm', '--no-deps', 'secrets', 'show', 'bus-secret')
      expect(shown.trim()).toBe(after.BUS_API_KEY)
      const slip = stack.compose('run', '--rm', '--no-deps', 'secrets', 'everything')
      await expect(slip).rejects.toThrow('There is no secret "everything"')
    })

    test.skipIf(noIpv6)('listens on an IPv6 address as it is written in .env', async () => {
      stack.env['BIND_ADDRESS'] = '::1'
      onTestFinished(() => {
        delete stack.env['BIND_ADDRESS']
      })
      await upBus()
      expect((await fetch(`http://[::1]:${stack.env['BUS_PORT']}/health`)).status).toBe(200)
      delete stack.env['BIND_ADDRESS']
      await upBus()
    })

    test('a second clone with a name of its own is another bus, and leaves the first one alone', async () => {
      const second = await Stack.copied(engine)
      onTestFinished(() => second.remove())
      Object.assign(second.env, { COMPOSE_PROJECT_NAME: 'garage', BUS_IMAGE: IMAGE })
      const { BUS_API_KEY } = await stack.keys()
      const id = await publish(stack.url, BUS_API_KEY, 'of the first')
      await second.up('bus')
      expect((await second.keys()).BUS_API_KEY).not.toBe(BUS_API_KEY)
      await second.compose('down', '--volumes')
      expect(await statusOf(stack.url, BUS_API_KEY, id)).toBe('open')
      delete second.env['BUS_IMAGE']
      expect(await second.compose('config', '--images', 'bus')).toContain('garage:latest')
      expect(await stack.compose('config', '--images', 'bus')).toContain(IMAGE)
    })

    test('the database that an earlier compose file could start is left alone, its volume included', async () => {
      const volume = 'intent-bus_postgres-data'
      const labels = ['com.docker.compose.project=intent-bus', 'com.docker.compose.volume=postgres-data']
      await engine.must('volume', 'create', ...labels.flatMap(label => ['--label', label]), volume)
      await stack.compose('down', '--volumes')
      await upBus()
      expect(await engine.must('volume', 'ls', '-q')).toContain(volume)
    })

    test.skipIf(installed('caddy') === undefined)('the profile https puts Caddy in front', async () => {
      stack.env['BUS_TRUST_PROXY'] = '1'
      await stack.compose('--profile', 'https', 'up', '-d', '--no-build', '--wait', 'bus', 'caddy')
      const authority = '/data/caddy/pki/authorities/local/root.crt'
      const ca = await engine.must('exec', 'intent-bus-caddy-1', '/bin/busybox', 'cat', authority)
      const dispatcher = new Agent({ connect: { ca } })
      const answer = await fetchWith(`https://localhost:${stack.env['HTTPS_PORT']}/health`, { dispatcher })
      expect(await answer.json()).toMatchObject({ ok: true, version: DEPLOYMENT.version })
      await dispatcher.close()
    })
  },
  240_000,
)
