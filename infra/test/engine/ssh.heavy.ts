/** The same program, to a host that is reached by SSH: a real sshd on this machine, in front of the tests' Docker. */
import { execFile, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { readPage } from '../../../docs/pages.ts'
import { publish, statusOf } from '../../../ops/test/docker/bus-calls.ts'
import { Engine } from '../../../ops/test/docker/engine.ts'
import { freePort } from '../../../service/test/support/ports.ts'
import { Deployment } from './deployment.ts'
import { underLoad } from './load.ts'
import { noRegistry, Registry } from './registry.ts'
import { noSshd, Sshd } from './sshd.ts'
import { Stack } from './stack.ts'
import { builtPulumi, COLD_BUILD_MS, pulumi } from './toolchain.ts'

const run = promisify(execFile)

const BUS = 'intent-bus-bus'
const reason = pulumi.reason ?? noSshd

let engine: Engine
let sshd: Sshd
let stack: Stack
let deployed: Deployment
let port: string

const lookAt = (path: string) => engine.must('inspect', '-f', `{{${path}}}`, BUS)
const publishOne = async (payload: unknown) =>
  publish(deployed.url, (await deployed.secrets()).BUS_API_KEY, payload)
const repoDigests = async () =>
  JSON.parse(await engine.must('image', 'inspect', '-f', '{{json .RepoDigests}}', await lookAt('.Image')))
const isOpen = async (id: string) => {
  expect(await statusOf(deployed.url, (await deployed.secrets()).BUS_API_KEY, id)).toBe('open')
}
const answers = (url: string) =>
  fetch(`${url}/health/ready`).then(
    ({ status }) => status === 200,
    () => false,
  )

beforeAll(async () => {
  if (reason !== null) return
  await builtPulumi()
  engine = await Engine.start({ bridge: true })
  // What is at the other end finds the tests' Docker; on a host of its own it would be the usual one.
  sshd = await Sshd.start({ DOCKER_HOST: engine.host })
  port = `${await freePort()}`
  deployed = new Deployment(engine, `http://127.0.0.1:${port}`, BUS)
  const [, parallel] = readPage('deploy/own-docker-host.md').match(/^export PULUMI_PARALLEL=(\d+)$/m)!
  // This end knows of no Docker at all.
  stack = new Stack('ssh', { DOCKER_HOST: 'unix:///nonexistent/docker.sock', PULUMI_PARALLEL: parallel! })
  await stack.init({
    target: 'ssh',
    host: `ssh://root@127.0.0.1:${sshd.port}`,
    sshKey: sshd.identity,
    knownHosts: sshd.knownHosts,
    port,
    monitoring: 'false',
  })
}, COLD_BUILD_MS)

afterAll(async () => {
  stack?.dispose()
  await sshd?.stop()
  await engine?.stop()
})

describe.skipIf(reason !== null)(
  reason === null ? 'pulumi up, over SSH' : `pulumi up, over SSH (skipped: ${reason})`,
  () => {
    test('a host whose key is another one than the known one is not spoken to', async () => {
      const strangers = join(stack.clone, 'known_hosts')
      writeFileSync(strangers, '')
      await stack.set({ knownHosts: strangers })
      const { code, out, err } = await stack.pulumi('up', '--yes', '--skip-preview')
      expect(code).not.toBe(0)
      expect(out + err).toContain('Host key verification failed')
      expect(await deployed.list('volume')).toEqual([])
      await stack.set({ knownHosts: sshd.knownHosts })
    })

    test('the bus is built there, and passes the smoke suite', async () => {
      await stack.up()
      const { out, err, code } = await deployed.npmRun('smoke')
      expect({ code, said: out + err }).toMatchObject({ code: 0 })
      expect(Object.keys(await stack.up())).toEqual(['same'])
      expect(Object.keys(await stack.refresh())).toEqual(['same'])
    })

    test('the commands of the outputs make a tunnel, and read a secret', async () => {
      const { tunnel, readBusSecret } = (await stack.outputs()) as Record<string, string>
      expect(tunnel).toMatch(/^ssh .*-L /)
      const { stdout } = await run('sh', ['-c', readBusSecret!])
      expect(stdout.trim()).toBe((await deployed.secrets()).BUS_API_KEY)
      const here = `${await freePort()}`
      const line = tunnel!.replace(/-L (\d+):/, `-L ${here}:`)
      expect(line).not.toBe(tunnel)
      const ssh = spawn('sh', ['-c', `exec ${line}`], { stdio: 'ignore' })
      try {
        await vi.waitUntil(() => answers(`http://127.0.0.1:${here}`), { timeout: 20_000, interval: 100 })
      } finally {
        ssh.kill('SIGTERM')
      }
    })

    test('a changed setting, under load: what was acknowledged is done, each intent once', async () => {
      const carried = await underLoad(await deployed.access(), async () => {
        await stack.must('config', 'set', '--path', 'settings.BUS_LEASE_SECONDS', '90')
        await stack.up()
      })
      console.log(
        `replaced over SSH: ${carried.published} published, the longest wait ${Math.round(carried.longestWaitMs)} ms`,
      )
      expect(carried.wrong).toEqual([])
      expect(carried.fulfilled).toBe(carried.published)
    })

    test('an `up` that was killed half-way goes on by the commands of the docs', async () => {
      const id = await publishOne('before the power went')
      const before = await lookAt('.Id')
      await stack.must('config', 'set', '--path', 'settings.BUS_LEASE_SECONDS', '91')
      // The next bus is there, and Pulumi waits for it to be well.
      await stack.killedUp(async () => {
        const { code, out } = await engine.docker('inspect', '-f', '{{.Id}} {{.State.Running}}', BUS)
        return code === 0 && !out.startsWith(before) && out.includes('true')
      })
      const { err } = await stack.pulumi('up', '--yes', '--skip-preview')
      expect(err).toContain('the stack is currently locked')

      const page = readFileSync(join(stack.clone, 'docs/deploy/README.md'), 'utf8')
      const [, commands] = page.match(/^## An update was cut off\. What now\?$.*?^```\n(.*?)^```$/ms)!
      const lines = commands!
        .replace(/^docker /gm, `docker -H ${engine.host} `)
        .replace(/^pulumi up$/m, 'pulumi up --yes --skip-preview')
      expect(lines.match(/-H unix|--yes --skip/g)).toHaveLength(2)
      await stack.typed(`set -e\n${page.match(/^export PATH=.*$/m)![0]}\n${lines}`)
      expect(await lookAt('.Config.Env')).toContain('BUS_LEASE_SECONDS=91')
      await isOpen(id)
      expect(await stack.state()).not.toContain('pending_operations')
      expect(Object.keys(await stack.up())).toEqual(['same'])
    })

    test('`destroy` leaves the data, and the next `up` finds it', async () => {
      const id = await publishOne('over the holidays')
      await stack.destroy()
      expect(await deployed.list('container')).toEqual([])
      await stack.up()
      await isOpen(id)
    })

    describe.skipIf(noRegistry !== null)(
      `with an image of a registry${noRegistry === null ? '' : ` (skipped: ${noRegistry})`}`,
      () => {
        let registry: Registry
        let first: string
        let next: string

        beforeAll(async () => {
          registry = await Registry.start()
        })
        afterAll(async () => registry?.stop())

        test('what only the registry has is pulled there by its digest, and passes the smoke suite', async () => {
          const built = await lookAt('.Image')
          const [earlier, later] = ['intent-bus:earlier', 'intent-bus:later']
          await engine.must('tag', built, earlier)
          const folder = join(stack.clone, 'later')
          mkdirSync(folder)
          writeFileSync(join(folder, 'Dockerfile'), `FROM ${earlier}\nLABEL later=true\n`)
          await engine.build(later, { folder })
          rmSync(folder, { recursive: true })
          ;[first, next] = [await registry.push(engine, earlier), await registry.push(engine, later)]
          await stack.destroy()
          await engine.docker('image', 'rm', '--force', later, earlier, built)
          expect(await engine.must('image', 'ls', '--all')).not.toContain('intent-bus')

          await stack.set({ image: first })
          await stack.up()
          expect(await lookAt('.Image')).toBe(built)
          expect(await repoDigests()).toEqual([first])
          const { out, err, code } = await deployed.npmRun('smoke')
          expect({ code, said: out + err }).toMatchObject({ code: 0 })
          expect(Object.keys(await stack.up())).toEqual(['same'])
          expect(Object.keys(await stack.refresh())).toEqual(['same'])
        })

        test('another digest is an upgrade, which goes on with the data and the secrets', async () => {
          const [id, secrets] = [await publishOne('by the one before'), await deployed.secrets()]
          await stack.set({ image: next })
          await stack.up()
          expect(await repoDigests()).toEqual([next])
          await isOpen(id)
          expect(await deployed.secrets()).toEqual(secrets)
        })

        test('a digest that the registry does not have is named, and the bus is left as it is', async () => {
          const before = await lookAt('.Id')
          const nobodys = `${registry.address}/intent-bus@sha256:${'0'.repeat(64)}`
          await stack.set({ image: nobodys })
          const { code, out, err } = await stack.pulumi('up', '--yes', '--skip-preview')
          expect(code).not.toBe(0)
          expect(out + err).toContain(nobodys)
          expect(out + err).toMatch(/not found|manifest unknown/)
          expect(await lookAt('.Id')).toBe(before)
          expect(await answers(deployed.url)).toBe(true)
          await stack.set({ image: next })
          expect(Object.keys(await stack.up())).toEqual(['same'])
        })
      },
    )

    test('`destroy` with deleteData leaves nothing', async () => {
      await stack.set({ deleteData: 'true' })
      await stack.up()
      await stack.destroy()
      for (const kind of ['container', 'network', 'volume'] as const) {
        expect(await deployed.list(kind), kind).toEqual([])
      }
      await stack.must('stack', 'rm', '--yes')
    })
  },
  300_000,
)
