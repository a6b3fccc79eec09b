/** A second stack of the same name in one Docker, by Pulumi's own command and engine. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { publish, statusOf } from '../../../ops/test/docker/bus-calls.ts'
import { Engine } from '../../../ops/test/docker/engine.ts'
import { freePort } from '../../../service/test/support/ports.ts'
import { Deployment } from './deployment.ts'
import { Stack } from './stack.ts'
import { builtPulumi, COLD_BUILD_MS, pulumi } from './toolchain.ts'

let engine: Engine
let first: { stack: Stack; deployed: Deployment }
let second: Stack
/** Of an intent of the first. */
let id: string

async function initialised(name: string, config: Record<string, string> = {}) {
  const port = `${await freePort()}`
  const stack = new Stack(name, { DOCKER_HOST: engine.host })
  await stack.init({ port, monitoring: 'false', deleteData: 'true', ...config })
  return { stack, deployed: new Deployment(engine, `http://127.0.0.1:${port}`, 'intent-bus-bus') }
}

/** A program of somebody who did not read the rules. */
const ROOT_CONTAINER = `
import * as docker from '@pulumi/docker'
import { enforcePolicy } from './policy/enforce.ts'
export default function program() {
  enforcePolicy(false)
  new docker.Network('mine', { name: 'mine' })
  new docker.Container('root', { name: 'root', image: 'mine:1', user: '0:0' })
}
`

/** By name, with what tells one from another of the same name. */
const everything = async () => ({
  networks: await engine.must('network', 'ls', '--no-trunc', '--format', '{{.ID}} {{.Name}}'),
  volumes: await engine.must('volume', 'ls', '--format', '{{.Name}}'),
  containers: await engine.must('ps', '--all', '--no-trunc', '--format', '{{.ID}} {{.Names}} {{.Image}}'),
  images: await engine.must('images', '--no-trunc', '--format', '{{.ID}} {{.Repository}}:{{.Tag}}'),
})

beforeAll(async () => {
  if (pulumi.reason !== null) return
  await builtPulumi()
  engine = await Engine.start({ bridge: true })
  first = await initialised('first')
  second = (await initialised('second')).stack
}, COLD_BUILD_MS)

afterAll(async () => {
  first?.stack.dispose()
  second?.dispose()
  await engine?.stop()
})

describe.skipIf(pulumi.reason !== null)(
  pulumi.named('two stacks in one Docker'),
  () => {
    test('a second one of the same name is refused before it makes anything, and the first one stays as it is', async () => {
      const { stack, deployed } = first
      await stack.up()
      const key = (await deployed.secrets()).BUS_API_KEY
      id = await publish(deployed.url, key, 'of the first')
      const before = await everything()

      for (const args of [['--skip-preview'], []]) {
        const { code, out, err } = await second.pulumi('up', '--yes', ...args)
        expect(code).not.toBe(0)
        expect(out + err).toMatch(/network.*intent-bus.*already exists/i)
        expect(await everything()).toEqual(before)
      }
      // What the docs say after that: it has nothing of the first one to take down.
      await second.destroy()
      expect(await everything()).toEqual(before)
      expect(await statusOf(deployed.url, key, id)).toBe('open')
      expect(Object.keys(await stack.up())).toEqual(['same'])
    })

    test('with a name of its own it runs beside the first, and goes without it', async () => {
      const { stack, deployed } = first
      const before = await everything()
      await second.set({ name: 'other' })
      await second.up()
      const outputs = await second.outputs()
      expect(outputs).toMatchObject({ network: 'other' })
      await vi.waitUntil(async () => (await fetch(`${outputs['url']}/health/ready`)).ok, 30_000)
      await second.destroy()
      expect(await everything()).toEqual(before)
      expect(await statusOf(deployed.url, (await deployed.secrets()).BUS_API_KEY, id)).toBe('open')
      expect(Object.keys(await stack.up())).toEqual(['same'])
    })

    test('what the rules refuse is refused in the preview, and nothing is touched', async () => {
      const before = await everything()
      second.write('infra/index.ts', ROOT_CONTAINER)
      const { code, out, err } = await second.pulumi('up', '--yes')
      expect(code).not.toBe(0)
      expect(out + err).toContain('root runs as root: set user to a number that is not 0.')
      expect(await everything()).toEqual(before)
    })
  },
  600_000,
)
