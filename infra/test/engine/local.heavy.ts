/**
 * `pulumi up` by Pulumi's own command and engine, in a real Docker: the program of infra/ as it is. What stands in is the
 * plugin for Docker, made here from the provider that Pulumi's is made from, and the images that cannot be pulled.
 */
import { execFile } from 'node:child_process'
import { appendFileSync, readdirSync, readFileSync } from 'node:fs'
import type { LookupFunction } from 'node:net'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Agent, fetch as fetchWith } from 'undici'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { post, publish, statusOf } from '../../../ops/test/docker/bus-calls.ts'
import { Engine } from '../../../ops/test/docker/engine.ts'
import { installed } from '../../../service/test/support/installed.ts'
import { NIGHTLY, nightly } from '../../../service/test/support/nightly.ts'
import { freePort } from '../../../service/test/support/ports.ts'
import { Deployment, type Secrets } from './deployment.ts'
import { underLoad } from './load.ts'
import { grafanaPlaceholder } from './placeholder.ts'
import { Stack } from './stack.ts'
import { builtPulumi, COLD_BUILD_MS, pulumi } from './toolchain.ts'

const run = promisify(execFile)

const BUS = 'intent-bus-bus'
/** What a bus on its own keeps. */
const VOLUMES = ['bus-backups', 'bus-data', 'bus-secrets', 'grafana-password', 'metrics-token'].map(
  name => `intent-bus-${name}`,
)
/** Given by the user; the others are made by the bus. */
const GIVEN_PASSWORD = 'a password that somebody chose'
const OTHER_PASSWORD = 'another one, for the next year'
const DOMAIN = 'bus.localhost'

let engine: Engine
let stack: Stack
let deployed: Deployment
const ports: Record<string, string> = {}

const lookAt = async (path: string) => JSON.parse(await engine.must('inspect', '-f', `{{json ${path}}}`, BUS))
/** As somebody types it, on the machine with that Docker. */
const typed = async (line: string) => {
  const { stdout } = await run('sh', ['-c', line], { env: engine.env({}) })
  return stdout.trim()
}
const isReady = (url: string) =>
  fetch(`${url}/health/ready`).then(
    ({ ok }) => ok,
    () => false,
  )
/** Whatever the name is, it is here. */
const loopback: LookupFunction = (_name, _options, found) =>
  found(null, [{ address: '127.0.0.1', family: 4 }])
const publishOne = async (payload: unknown) =>
  publish(deployed.url, (await deployed.secrets()).BUS_API_KEY, payload)
const isOpen = async (id: string) => {
  expect(await statusOf(deployed.url, (await deployed.secrets()).BUS_API_KEY, id)).toBe('open')
}

beforeAll(async () => {
  if (pulumi.reason !== null) return
  await builtPulumi()
  engine = await Engine.start({ bridge: true })
  await grafanaPlaceholder(engine)
  for (const name of ['port', 'grafanaPort', 'prometheusPort', 'alertmanagerPort', 'httpPort', 'httpsPort']) {
    ports[name] = `${await freePort()}`
  }
  deployed = new Deployment(engine, `http://127.0.0.1:${ports['port']}`, BUS)
  stack = new Stack('local', { DOCKER_HOST: engine.host })
  await stack.init({ ...ports, monitoring: 'false' })
  await stack.setSecret('dashboardPassword', GIVEN_PASSWORD)
}, COLD_BUILD_MS)

afterAll(async () => {
  stack?.dispose()
  await engine?.stop()
})

describe.skipIf(pulumi.reason !== null)(
  pulumi.named('pulumi up, on the Docker here'),
  () => {
    test('makes the bus, which answers where the outputs say', async () => {
      await stack.up()
      expect(await stack.outputs()).toMatchObject({ url: deployed.url })
      const health = await fetch(`${deployed.url}/health/ready`)
      expect(health.status).toBe(200)
      expect(await deployed.list('volume')).toEqual(expect.arrayContaining(VOLUMES))
    })

    test('the commands of the outputs read the secrets, and make a key for a device', async () => {
      const outputs = (await stack.outputs()) as Record<string, string>
      const { BUS_API_KEY, BUS_METRICS_TOKEN } = await deployed.secrets()
      expect(await typed(outputs['readBusSecret']!)).toBe(BUS_API_KEY)
      expect(await typed(outputs['readDashboardPassword']!)).toBe(GIVEN_PASSWORD)
      expect(await typed(outputs['readMetricsToken']!)).toBe(BUS_METRICS_TOKEN)
      const issued = await typed(outputs['keyForADevice']!)
      expect((await post(deployed.url, '/claim', issued)).status).toBe(204)
    })

    test("as the docs have it, the program runs on the clone's Node, whatever this machine's is", async () => {
      const page = readFileSync(join(stack.clone, 'docs/deploy/README.md'), 'utf8')
      const line = page.match(/^export PATH=.*$/m)![0]
      const said = await stack.typed(`${line}\npulumi preview --non-interactive --color never`)
      expect(said).toMatch(/Resources:\n +\d+ unchanged/)
    })

    test('the smoke suite passes, a restart included', async () => {
      const { DOCKER, DOCKER_HOST, DOCKER_CONFIG } = engine.env({})
      const restart = `DOCKER_HOST=${DOCKER_HOST} DOCKER_CONFIG=${DOCKER_CONFIG} ${DOCKER} restart ${BUS}`
      const { out, err, code } = await deployed.npmRun('smoke', '--restart', restart)
      expect(out + err).toContain('9 well, 0 not\n')
      expect(code).toBe(0)
    })

    // By day it is put to the composed bus, from the same image.
    test.runIf(NIGHTLY)(
      nightly('the conformance suite passes'),
      async () => {
        const { out, err, code } = await deployed.npmRun('conformance')
        expect({ code, said: out + err }).toMatchObject({ code: 0 })
      },
      600_000,
    )

    test('a second `up` changes nothing, and a refresh finds nothing', async () => {
      for (const changes of [await stack.up(), await stack.refresh(), await stack.up()]) {
        expect(Object.keys(changes)).toEqual(['same'])
      }
    })

    test('no secret stands in the state, the stack file, the outputs, in Docker, in the logs, or in what was printed', async () => {
      const secrets = await deployed.secrets()
      expect(secrets.DASHBOARD_PASSWORD).toBe(GIVEN_PASSWORD)
      const shown = {
        state: await stack.state(),
        config: await stack.must('config', '--json'),
        outputs: await stack.must('stack', 'output', '--json'),
        preview: await stack.must('preview', '--diff', '--show-sames'),
        docker: await deployed.everythingThatDockerShows(),
        // From the first `up` on.
        said: stack.said,
      }
      for (const [where, text] of Object.entries(shown)) {
        expect(text.length, where).toBeGreaterThan(20)
        for (const [name, value] of Object.entries(secrets)) {
          expect(text.includes(value), `${name} in ${where}`).toBe(false)
        }
      }
    })

    test('a changed setting, under load: what was acknowledged is done, each intent once', async () => {
      const before = await lookAt('.Id')
      const carried = await underLoad(await deployed.access(), async () => {
        await stack.must('config', 'set', '--path', 'settings.BUS_LEASE_SECONDS', '90')
        await stack.up()
      })
      expect(await lookAt('.Id')).not.toBe(before)
      expect(await lookAt('.Config.Env')).toContain('BUS_LEASE_SECONDS=90')
      console.log(
        `replaced under load: ${carried.published} published, the longest wait ${Math.round(carried.longestWaitMs)} ms`,
      )
      expect(carried.wrong).toEqual([])
      expect(carried.fulfilled).toBe(carried.published)
    })

    test('a new version of the bus is built, and goes on with the data of the old one', async () => {
      const id = await publishOne('by the old version')
      const [image, secrets] = [await lookAt('.Image'), await deployed.secrets()]
      appendFileSync(join(stack.clone, 'service/main.ts'), '\n// the new version\n')
      await stack.up()
      expect(await lookAt('.Image')).not.toBe(image)
      await isOpen(id)
      expect(await deployed.secrets()).toEqual(secrets)
    })

    test('a container that was removed by hand is made again, over the same data', async () => {
      const id = await publishOne('before the accident')
      await engine.must('rm', '--force', BUS)
      await stack.up('--refresh')
      await isOpen(id)
      expect(Object.keys(await stack.up())).toEqual(['same'])
    })

    test('with monitoring, Prometheus scrapes the bus by the token that both have', async () => {
      await stack.set({ monitoring: 'true' })
      await stack.up()
      const value = async (query: string) => {
        const asked = `http://127.0.0.1:${ports['prometheusPort']}/api/v1/query?query=${query}`
        const { data } = (await (await fetch(asked)).json()) as { data: { result: { value: string[] }[] } }
        return data.result[0]?.value[1]
      }
      await vi.waitUntil(async () => (await value('up{job="intent-bus"}')) === '1', 60_000)
      expect(await value('intent_bus_store_up')).toBe('1')
      const rules = await fetch(`http://127.0.0.1:${ports['prometheusPort']}/api/v1/rules`)
      expect(await rules.text()).toContain('IntentBusDown')
      expect((await fetch(`http://127.0.0.1:${ports['alertmanagerPort']}/-/ready`)).status).toBe(200)
      const { BUS_METRICS_TOKEN } = await deployed.secrets()
      expect(await deployed.everythingThatDockerShows()).not.toContain(BUS_METRICS_TOKEN)
      expect(Object.keys(await stack.up())).toEqual(['same'])
      expect(Object.keys(await stack.refresh())).toEqual(['same'])
    })

    test('without monitoring again, the bus is alone again', async () => {
      await stack.set({ monitoring: 'false' })
      await stack.up()
      const running = await engine.must('ps', '--format', '{{.Names}}')
      expect(running).toBe(BUS)
    })

    test('a changed secret that cannot be written leaves the bus as it is', async () => {
      const before = await lookAt('.Id')
      const image = await lookAt('.Image')
      const inVolume = (code: string) =>
        engine.must(
          ...'run --rm --user 0 --volume intent-bus-bus-secrets:/secrets'.split(' '),
          image,
          '-e',
          code,
        )
      await stack.setSecret('dashboardPassword', OTHER_PASSWORD)
      // Nothing can be written where a folder is.
      const file = '/secrets/dashboard-password'
      await inVolume(`fs.renameSync('${file}', '${file}.kept'); fs.mkdirSync('${file}')`)
      const { code, out, err } = await stack.pulumi('up', '--yes', '--skip-preview')
      expect(code).not.toBe(0)
      expect(out + err).toContain('Unable to upload volume content')
      expect(await lookAt('.Id')).toBe(before)
      expect(await isReady(deployed.url)).toBe(true)
      await inVolume(`fs.rmdirSync('${file}'); fs.renameSync('${file}.kept', '${file}')`)
    })

    test('a secret that was changed is the one of the bus from then on; the others stay', async () => {
      const before = await deployed.secrets()
      await stack.setSecret('dashboardPassword', OTHER_PASSWORD)
      await stack.up()
      expect(await deployed.secrets()).toEqual({ ...before, DASHBOARD_PASSWORD: OTHER_PASSWORD })
      const login = { Authorization: `Basic ${Buffer.from(`admin:${OTHER_PASSWORD}`).toString('base64')}` }
      expect((await fetch(`${deployed.url}/admin/dashboard`, { headers: login })).status).toBe(200)
      expect(stack.said + (await stack.state())).not.toContain(OTHER_PASSWORD)
    })

    test.skipIf(installed('caddy') === undefined)(
      installed('caddy') === undefined
        ? 'with a domain, Caddy stands in front (skipped: caddy is not installed)'
        : 'with a domain, Caddy stands in front, and is all that is open to everybody',
      async () => {
        // Of such a name Caddy makes the certificate itself.
        await stack.set({ domain: DOMAIN, httpPort: ports['httpPort'], httpsPort: ports['httpsPort'] })
        await stack.up()
        const url = `https://${DOMAIN}:${ports['httpsPort']}`
        expect(await stack.outputs()).toMatchObject({ url })
        const authority = '/kept/data/caddy/pki/authorities/local/root.crt'
        const ca = await engine.must('exec', 'intent-bus-caddy', '/bin/busybox', 'cat', authority)
        const dispatcher = new Agent({ connect: { ca, lookup: loopback } })
        const answer = await fetchWith(`${url}/health/ready`, { dispatcher })
        expect(await answer.json()).toMatchObject({ ok: true })
        await dispatcher.close()
        expect(await lookAt('.Config.Env')).toContain('BUS_TRUST_PROXY=1')
        expect(Object.keys(await lookAt('.HostConfig.PortBindings'))).toEqual(['8080/tcp'])
        expect((await lookAt('.HostConfig.PortBindings'))['8080/tcp'][0].HostIp).toBe('127.0.0.1')
        expect(Object.keys(await stack.up())).toEqual(['same'])
        expect(Object.keys(await stack.refresh())).toEqual(['same'])
      },
    )

    test('`destroy` leaves the data, and the next `up` finds it', async () => {
      const id = await publishOne('over the holidays')
      const secrets: Secrets = await deployed.secrets()
      await stack.destroy()
      expect(await deployed.list('container')).toEqual([])
      expect(await deployed.list('network')).toEqual([])
      expect(await deployed.list('volume')).toEqual(expect.arrayContaining(VOLUMES))
      await stack.up()
      expect(await deployed.secrets()).toEqual(secrets)
      await isOpen(id)
    })

    test('the commands for a backup make one, fetch it, and bring back what was there', async () => {
      // Not in the clone, of which an image is built.
      const folder = dirname(stack.clone)
      const id = await publishOne('to be remembered')
      const page = readFileSync(join(stack.clone, 'docs/deploy/README.md'), 'utf8')
      const [, make, restore] = page.match(/^## Is it backed up\?$.*?^```\n(.*?)^```$.*?^```\n(.*?)^```$/ms)!
      await typed(`cd ${folder}\nset -e\n${make}`)
      const fetched = readdirSync(join(folder, 'copies'))
      expect(fetched).toContain('bus.key')
      const newest = fetched
        .filter(file => file.endsWith('.db.zst'))
        .sort()
        .at(-1)!
      const later = await publishOne('to be forgotten')
      await typed(`set -e\n${restore!.replace(/bus-\S+\.db\.zst/, newest)}`)
      await vi.waitUntil(() => isReady(deployed.url), 60_000)
      await isOpen(id)
      expect(await statusOf(deployed.url, (await deployed.secrets()).BUS_API_KEY, later)).toBeUndefined()
    })

    test('the commands for a move take the intents to another deployment', async () => {
      const id = await publishOne('to go along')
      const port = `${await freePort()}`
      const other = new Stack('other', { DOCKER_HOST: engine.host })
      try {
        await other.init({ name: 'other', port, monitoring: 'false', deleteData: 'true' })
        await other.up()
        const page = readFileSync(join(stack.clone, 'docs/deploy/README.md'), 'utf8')
        const [, commands] = page.match(/^## How do I move to another target\?$.*?^```\n(.*?)^```$/ms)!
        // Both are in one Docker here, and so the new one has another name.
        const lines = commands!.replace(/^(docker -H "\$NEW" .*)intent-bus-bus/gm, '$1other-bus')
        expect(lines.match(/other-bus/g)).toHaveLength(3)
        await typed(`cd ${stack.clone} && OLD=${engine.host} NEW=${engine.host}\nset -e\n${lines}`)
        const moved = new Deployment(engine, `http://127.0.0.1:${port}`, 'other-bus')
        await vi.waitUntil(() => isReady(moved.url), 60_000)
        expect(await statusOf(moved.url, (await moved.secrets()).BUS_API_KEY, id)).toBe('open')
        await other.destroy()
      } finally {
        other.dispose()
      }
      await engine.must('start', BUS)
      await vi.waitUntil(() => isReady(deployed.url), 60_000)
    })

    test('a configuration with faults names them all, and nothing is touched', async () => {
      const before = await lookAt('.Id')
      await stack.set({ port: '99999', colour: 'green' })
      const { code, out, err } = await stack.pulumi('up', '--yes', '--skip-preview')
      expect(code).not.toBe(0)
      expect(out + err).toMatch(/port.*99999/)
      expect(out + err).toMatch(/colour/)
      expect(await lookAt('.Id')).toBe(before)
      await stack.set({ port: ports['port'], colour: undefined })
    })

    test('a port that would be open to everybody by plain HTTP is refused, and nothing is touched', async () => {
      const before = await lookAt('.Id')
      await stack.set({ bindAddress: '0.0.0.0' })
      const { code, out, err } = await stack.pulumi('up', '--yes', '--skip-preview')
      expect(code).not.toBe(0)
      expect(out + err).toMatch(/opens port .* to everybody/)
      expect(await lookAt('.Id')).toBe(before)
      await stack.set({ bindAddress: undefined })
    })

    test('`destroy` with deleteData leaves nothing', async () => {
      // Monitoring too: what was kept when it was given up is known again, and goes.
      await stack.set({ monitoring: 'true', deleteData: 'true' })
      await stack.up()
      await stack.destroy()
      for (const kind of ['container', 'network', 'volume'] as const) {
        expect(await deployed.list(kind), kind).toEqual([])
      }
      // It lets go of nothing that it still knows.
      await stack.must('stack', 'rm', '--yes')
    })
  },
  300_000,
)
