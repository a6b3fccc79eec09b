/**
 * The compose file as it is, in a real Docker, with stand-ins for the images that cannot be pulled everywhere: see
 * base-images.sh. There is none for Grafana and for PostgreSQL, which are not started.
 */
import { Agent, fetch as fetchWith } from 'undici'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { freePort } from '../../../service/test/crash/child-bus.ts'
import { DEPLOYMENT } from '../../deployment.ts'
import { main as smokeMain } from '../../smoke/run.ts'
import { main as stressMain } from '../../stress/run.ts'
import { installed } from '../shells.ts'
import { post, publish, statusOf } from './bus-calls.ts'
import { docker, Engine } from './engine.ts'

const MIB = 1024 * 1024
const IMAGE = 'intent-bus:latest'
const PREVIOUS = 'intent-bus:previous'

const hasMonitoring =
  installed('prometheus') !== undefined && installed('prometheus-alertmanager') !== undefined

let engine: Engine
/** What would stand in .env. */
const env: Record<string, string> = {}
let url: string

const compose = (...args: string[]) => engine.compose(env, ...args)
const upBus = () => compose('up', '-d', '--no-build', '--wait', 'bus')
const imageOfBus = () => engine.must('inspect', '-f', '{{.Config.Image}}', 'intent-bus-bus-1')

async function keys() {
  const read = (file: string) =>
    compose(
      'exec',
      '-T',
      'bus',
      '/nodejs/bin/node',
      '-p',
      `fs.readFileSync('/secrets/${file}', 'utf8').trim()`,
    )
  return {
    BUS_API_KEY: await read('bus/bus-secret'),
    BUS_ADMIN_TOKEN: await read('bus/admin-secret'),
    BUS_METRICS_TOKEN: await read('metrics/bus-metrics-token'),
  }
}

beforeAll(async () => {
  if (docker.reason !== null) return
  engine = await Engine.start()
  await engine.build(IMAGE)
  await engine.build(PREVIOUS, '--build-arg', 'VERSION=0.0.9')
  for (const name of ['BUS', 'PROMETHEUS', 'ALERTMANAGER', 'GRAFANA', 'HTTP', 'HTTPS']) {
    env[`${name}_PORT`] = `${await freePort()}`
  }
  url = `http://127.0.0.1:${env['BUS_PORT']}`
  await upBus()
}, 400_000)

afterAll(async () => {
  await engine?.stop()
}, 60_000)

describe.skipIf(docker.reason !== null)(
  docker.named('the compose file'),
  () => {
    test('is one that Docker takes without a word of warning, with every profile', async () => {
      const profiles = ['--profile', 'https', '--profile', 'postgres']
      const { code, err } = await engine.docker('compose', ...profiles, 'config', '--quiet')
      expect({ code, err }).toEqual({ code: 0, err: '' })
    })

    test('`up bus` starts the bus alone, as hardened as it says', async () => {
      expect(await compose('ps', '--format', '{{.Service}}')).toBe('bus')
      const [container] = JSON.parse(await engine.must('inspect', 'intent-bus-bus-1'))
      expect(container.HostConfig).toMatchObject({
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges:true'],
        Memory: 512 * MIB,
        PidsLimit: DEPLOYMENT.limits.pids,
        Privileged: false,
      })
      for (const value of Object.values(await keys())) {
        expect(JSON.stringify(container.Config)).not.toContain(value)
      }
    })

    test('the smoke suite passes, a restart included', async () => {
      const { DOCKER, DOCKER_HOST, DOCKER_CONFIG } = engine.env({})
      const there = `BUS_PORT=${env['BUS_PORT']} DOCKER_HOST=${DOCKER_HOST} DOCKER_CONFIG=${DOCKER_CONFIG}`
      let said = ''
      const say = (line: string) => {
        said += `${line}\n`
      }
      const command = `${there} ${DOCKER} compose restart bus`
      const given = { INTENT_BUS_CONFIG: '/nonexistent/config.json', ...(await keys()) }
      await smokeMain([url, '--restart', command], given, say, say)
      expect(said).toContain('9 well, 0 not\n')
    })

    test('the stress harness passes', async () => {
      vi.stubEnv('BUS_API_KEY', (await keys()).BUS_API_KEY)
      const report = ['--json', '/dev/null', '--html', '/dev/null', '--quiet', '--no-ceiling']
      expect(await stressMain(['--target', url, '--profile', 'low', ...report])).toBe(0)
      vi.unstubAllEnvs()
    })

    test('SIGKILL of the container loses nothing that was acknowledged', async () => {
      const { BUS_API_KEY } = await keys()
      const acknowledged: string[] = []
      const publishing = (async () => {
        for (;;) {
          const id = await publish(url, BUS_API_KEY, acknowledged.length).catch(() => undefined)
          if (id === undefined) return
          acknowledged.push(id)
        }
      })()
      await vi.waitUntil(() => acknowledged.length >= 30, 20_000)
      await compose('kill', '--signal', 'SIGKILL', 'bus')
      await publishing
      await upBus()
      for (const id of acknowledged) expect(await statusOf(url, BUS_API_KEY, id)).toBe('open')
    })

    test('`down` and `up` loses neither work nor secrets nor keys', async () => {
      const before = await keys()
      const id = await publish(url, before.BUS_API_KEY, 'over the night')
      const issued = await compose('exec', '-T', 'bus', 'intent-bus', 'keys', 'create', 'pi')
      await compose('down')
      await upBus()
      expect(await keys()).toEqual(before)
      expect(await statusOf(url, before.BUS_API_KEY, id)).toBe('open')
      expect((await post(url, '/claim', issued)).status).toBe(204)
    })

    test('another image is another bus over the same data, there and back', async () => {
      const { BUS_API_KEY } = await keys()
      env['BUS_IMAGE'] = PREVIOUS
      await upBus()
      expect(await imageOfBus()).toBe(PREVIOUS)
      const id = await publish(url, BUS_API_KEY, 'by the previous one')
      delete env['BUS_IMAGE']
      await upBus()
      expect(await imageOfBus()).toBe(IMAGE)
      expect(await statusOf(url, BUS_API_KEY, id)).toBe('open')
    })

    test('a secret that is made anew shuts the old one out, and leaves the others', async () => {
      const before = await keys()
      await compose('run', '--rm', '--no-deps', 'secrets', 'bus-secret')
      await compose('restart', 'bus')
      await upBus()
      const after = await keys()
      expect(after.BUS_API_KEY).not.toBe(before.BUS_API_KEY)
      expect({ ...after, BUS_API_KEY: before.BUS_API_KEY }).toEqual(before)
      expect((await post(url, '/claim?namespace=none', before.BUS_API_KEY)).status).toBe(401)
      expect((await post(url, '/claim?namespace=none', after.BUS_API_KEY)).status).toBe(204)
      const slip = compose('run', '--rm', '--no-deps', 'secrets', 'everything')
      await expect(slip).rejects.toThrow('There is no secret "everything"')
    })

    test.skipIf(!hasMonitoring)(
      'Prometheus scrapes the bus and has its rules; Alertmanager runs',
      async () => {
        await compose('up', '-d', '--no-build', '--wait', 'bus', 'prometheus', 'alertmanager')
        const ask = async (path: string) => {
          const answer = await fetch(`http://127.0.0.1:${env['PROMETHEUS_PORT']}/api/v1/${path}`)
          return (
            (await answer.json()) as {
              data: { result: { value: string[] }[]; groups: { rules: object[] }[] }
            }
          ).data
        }
        const value = async (query: string) => (await ask(`query?query=${query}`)).result[0]?.value[1]
        await vi.waitUntil(async () => (await value('up{job="intent-bus"}')) === '1', 60_000)
        expect(await value('intent_bus_store_up')).toBe('1')
        const { groups } = await ask('rules')
        expect(groups.flatMap(({ rules }) => rules).length).toBeGreaterThan(10)
        expect((await fetch(`http://127.0.0.1:${env['ALERTMANAGER_PORT']}/-/ready`)).status).toBe(200)
        // It has the token, and nothing else of the bus.
        const seen = await engine.must(
          'exec',
          'intent-bus-prometheus-1',
          '/bin/busybox',
          'ls',
          '/etc/prometheus',
        )
        expect(seen).toBe('bus-metrics-token')
      },
    )

    test.skipIf(installed('caddy') === undefined)('the profile https puts Caddy in front', async () => {
      env['BUS_TRUST_PROXY'] = '1'
      await compose('--profile', 'https', 'up', '-d', '--no-build', '--wait', 'bus', 'caddy')
      const authority = '/data/caddy/pki/authorities/local/root.crt'
      const ca = await engine.must('exec', 'intent-bus-caddy-1', '/bin/busybox', 'cat', authority)
      const dispatcher = new Agent({ connect: { ca } })
      const answer = await fetchWith(`https://localhost:${env['HTTPS_PORT']}/health`, { dispatcher })
      expect(await answer.json()).toMatchObject({ ok: true, version: DEPLOYMENT.version })
      await dispatcher.close()
    })
  },
  240_000,
)
