/**
 * What a machine at Hetzner has besides Hetzner's own resources, by Pulumi's own engine: the host key in the state, the wait, and
 * Docker behind SSH with a key that no file holds. The machine is an sshd here, with stand-ins for cloud-init and the mount.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Engine } from '../../../ops/test/docker/engine.ts'
import { noSshd, Sshd } from './sshd.ts'
import { Stack } from './stack.ts'
import { builtPulumi, pulumi } from './toolchain.ts'

const reason = pulumi.reason ?? noSshd

const PROGRAM = `
import * as docker from '@pulumi/docker'
import { keptVolume } from './components/volumes.ts'
import { DockerReady } from './hetzner/docker-ready.ts'
import { HostKey } from './hetzner/host-key.ts'
import { sshOptions } from './hetzner/ssh-options.ts'

export default function program() {
  const { port, identityFile, hostKey, directory } = JSON.parse(process.env.MACHINE)
  const made = new HostKey('made')
  const ready = new DockerReady('ready', {
    ...{ address: '127.0.0.1', machine: '4711', mount: '/mnt/bus', patienceSeconds: 0 },
    ...{ port, identityFile, hostKey },
  })
  const host = ready.address.apply(address => 'ssh://root@' + address + ':' + port)
  const provider = new docker.Provider('docker', { host, sshOpts: sshOptions({ hostKey, identityFile }) }, { dependsOn: [ready] })
  keptVolume('bus', 'bus-data', { name: 'bus', deleteData: false, directory: () => directory }, { provider })
  return { docker: ready.docker, made: made.publicKey }
}
`

let engine: Engine
let sshd: Sshd
let stack: Stack
let folder: string
let directory: string

beforeAll(async () => {
  if (reason !== null) return
  await builtPulumi()
  engine = await Engine.start({ images: false })
  folder = mkdtempSync(join(tmpdir(), 'bus-machine-'))
  directory = join(folder, 'bus-data')
  const programs = join(folder, 'programs')
  for (const each of [programs, directory]) mkdirSync(each)
  for (const name of ['cloud-init', 'mountpoint']) {
    writeFileSync(join(programs, name), '#!/bin/sh\nexit 0\n')
    chmodSync(join(programs, name), 0o755)
  }
  sshd = await Sshd.start({ DOCKER_HOST: engine.host, PATH: `${programs}:/usr/bin:/bin` })
  const [, type, key] = readFileSync(sshd.knownHosts, 'utf8').split(' ')
  const machine = { port: sshd.port, identityFile: sshd.identity, hostKey: `${type} ${key}`, directory }
  stack = new Stack('machine', {
    DOCKER_HOST: 'unix:///nonexistent/docker.sock',
    MACHINE: JSON.stringify(machine),
  })
  writeFileSync(join(stack.clone, 'infra/index.ts'), PROGRAM)
  await stack.init({})
}, 1_500_000)
afterAll(async () => {
  stack?.dispose()
  await sshd?.stop()
  await engine?.stop()
  if (folder !== undefined) rmSync(folder, { recursive: true })
}, 60_000)

describe.skipIf(reason !== null)(
  `a machine that was made${reason === null ? '' : ` (skipped: ${reason})`}`,
  () => {
    test('is waited for, and its Docker is reached by the host key alone', async () => {
      await stack.up()
      const { docker } = await stack.outputs()
      expect(docker).toBe(await engine.must('info', '--format', '{{.ServerVersion}}'))
      const options = await engine.must('volume', 'inspect', '-f', '{{json .Options}}', 'bus-bus-data')
      expect(JSON.parse(options)).toEqual({ type: 'none', o: 'bind', device: directory })
    })

    test('keeps its host key, and the private half of it is encrypted in the state', async () => {
      const before = await stack.outputs()
      for (const changes of [await stack.up(), await stack.refresh()]) {
        expect(Object.keys(changes)).toEqual(['same'])
      }
      expect(await stack.outputs()).toEqual(before)
      const state = await stack.state()
      expect(state).toContain(before['made'])
      expect(state).not.toContain('BEGIN OPENSSH PRIVATE KEY-----\\\\n')
      expect(await stack.must('stack', 'export', '--show-secrets')).toContain(
        'BEGIN OPENSSH PRIVATE KEY-----\\\\n',
      )
    })

    test('leaves the volume when all is destroyed', async () => {
      await stack.destroy()
      expect(await engine.must('volume', 'ls', '--quiet')).toBe('bus-bus-data')
    })
  },
)
