/**
 * What a machine at Hetzner has besides Hetzner's own resources, by Pulumi's own engine: the host key in the state, the wait, and
 * Docker behind SSH with a key that no file holds. The machine is an sshd here, with stand-ins for cloud-init and the mount.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readPage } from '../../../docs/pages.ts'
import { Engine } from '../../../ops/test/docker/engine.ts'
import { root } from '../../../service/test/support/root.ts'
import { noSshd, Sshd } from './sshd.ts'
import { Stack } from './stack.ts'
import { builtPulumi, COLD_BUILD_MS, pulumi } from './toolchain.ts'

const reason = pulumi.reason ?? noSshd

const PROGRAM = `
import * as docker from '@pulumi/docker'
import { keptVolume } from './components/volumes.ts'
import { DockerReady } from './hetzner/docker-ready.ts'
import { HostKey } from './hetzner/host-key.ts'
import { sshOptions } from './hetzner/ssh-options.ts'

export default function program() {
  const { machine, port, identityFile, hostKey, directory } = JSON.parse(process.env.MACHINE)
  const made = new HostKey('made')
  const ready = new DockerReady('ready', {
    ...{ address: '127.0.0.1', mount: '/mnt/bus', patienceSeconds: 0 },
    ...{ machine, port, identityFile, hostKey },
  })
  const host = ready.address.apply(address => 'ssh://root@' + address + ':' + port)
  const provider = new docker.Provider('docker', { host, sshOpts: sshOptions({ hostKey, identityFile }) }, { dependsOn: [ready] })
  const network = new docker.Network('network', { name: 'bus' }, { provider })
  keptVolume('bus', 'bus-data', { name: 'bus', deleteData: false, directory: () => directory }, { provider })
  return { docker: ready.docker, made: made.publicKey, network: network.id }
}
`

type Machine = { machine: string; port: number; identityFile: string; hostKey: string; directory: string }

let engine: Engine
/** The machine, and the one that comes after it. */
let sshd: Sshd
let next: Sshd
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
  const sshdOfMachine = readFileSync(join(root, 'infra/hetzner/machine/sshd.conf'), 'utf8')
  const maxStartups = sshdOfMachine.match(/^MaxStartups (.*)$/m)![1]!
  const env = { DOCKER_HOST: engine.host, PATH: `${programs}:/usr/bin:/bin` }
  sshd = await Sshd.start(env, maxStartups)
  next = await Sshd.start(env, maxStartups)
  stack = new Stack('machine', { DOCKER_HOST: 'unix:///nonexistent/docker.sock' })
  isNow(machineOf('4711', sshd))
  writeFileSync(join(stack.clone, 'infra/index.ts'), PROGRAM)
  await stack.init({})
}, COLD_BUILD_MS)
afterAll(async () => {
  stack?.dispose()
  await sshd?.stop()
  await next?.stop()
  await engine?.stop()
  if (folder !== undefined) rmSync(folder, { recursive: true })
})

function machineOf(machine: string, { port, identity, knownHosts }: Sshd): Machine {
  const [, type, key] = readFileSync(knownHosts, 'utf8').trim().split(' ')
  return { machine, port, identityFile: identity, hostKey: `${type} ${key}`, directory }
}

/** What the program finds from now on. */
function isNow(machine: Machine): void {
  stack.env['MACHINE'] = JSON.stringify(machine)
}

const networks = () => engine.must('network', 'ls', '--quiet', '--no-trunc', '--filter', 'name=^bus$')

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

    test('that is replaced is empty, and gets all of it by the command of the docs', async () => {
      const before = await networks()
      await engine.must('network', 'rm', 'bus')
      isNow(machineOf('4712', next))
      await stack.up()
      expect(await networks()).toBe('')
      expect(readPage('deploy/vps.md')).toMatch(/^pulumi up\npulumi up --refresh$/m)
      await stack.up('--refresh')
      const { network } = await stack.outputs()
      expect(network).not.toBe(before)
      expect(await networks()).toBe(network)
      expect(Object.keys(await stack.up())).toEqual(['same'])
    })

    test('that is lost is forgotten by the command of the docs, and the next one gets all of it', async () => {
      await engine.must('network', 'rm', 'bus')
      await next.stop()
      isNow(machineOf('4713', sshd))
      expect((await stack.pulumi('up', '--yes', '--skip-preview', '--refresh')).code).not.toBe(0)
      const [command] = /(?<=^pulumi )state delete .*/m.exec(readPage('deploy/vps.md'))!
      const words = command.replace('urn:pulumi:vps:', `urn:pulumi:${stack.name}:`).split(' ')
      await stack.must(...words)
      await stack.up()
      const { network } = await stack.outputs()
      expect(await networks()).toBe(network)
      expect(Object.keys(await stack.refresh())).toEqual(['same'])
    })

    test('leaves the volume when all is destroyed', async () => {
      await stack.destroy()
      expect(await engine.must('volume', 'ls', '--quiet')).toBe('bus-bus-data')
    })
  },
)
