import type { CustomResourceOptions, ResourceTransformation } from '@pulumi/pulumi'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { DockerHostArgs } from '../../hetzner/docker-host.ts'
import { makeHostKey } from '../../hetzner/host-key.ts'
import { known, type Recorded, record } from './recorded.ts'

const KEY = makeHostKey()
const ARGS: DockerHostArgs = {
  name: 'bus',
  location: 'hel1',
  serverType: 'cx23',
  image: 'debian-13',
  volumeSize: 10,
  sshPublicKey: 'ssh-ed25519 AAAAC3Nz me',
  https: false,
  backups: false,
  deleteData: false,
  directories: ['bus-data', 'bus-secrets'],
  owner: 65532,
}

let recorded: Recorded[]
let options: Record<string, CustomResourceOptions>

beforeAll(async () => {
  recorded = await record({ HostKey: KEY, DockerReady: { docker: '26.1.5' } })
})
beforeEach(() => {
  recorded.length = 0
  options = {}
})

const made = async (more: Partial<DockerHostArgs> = {}) => {
  const { DockerHost } = await import('../../hetzner/docker-host.ts')
  const remember: ResourceTransformation = ({ name, props, opts }) => {
    options[name] = opts as CustomResourceOptions
    return { props, opts }
  }
  const host = new DockerHost('host', { ...ARGS, ...more }, { transformations: [remember] })
  await known(host.provider.host as string)
  return host
}
const inputsOf = (name: string) => recorded.find(each => each.name === name)!.inputs
type Rule = { port: string; protocol: string; direction: string; sourceIps: string[] }
const rules = () => inputsOf('bus-firewall')['rules'] as Rule[]

describe('the firewall', () => {
  test('opens SSH alone', async () => {
    await made()
    expect(rules()).toMatchObject([
      { direction: 'in', protocol: 'tcp', port: '22', sourceIps: ['0.0.0.0/0', '::/0'] },
    ])
  })

  test('opens 80 and 443 besides when there is a name', async () => {
    await made({ https: true })
    expect(rules().map(({ port }) => port)).toEqual(['22', '80', '443'])
  })

  test('opens SSH to the networks that are named, and to no other', async () => {
    await made({ sshFrom: ['198.51.100.0/24'], https: true })
    expect(rules()[0]!.sourceIps).toEqual(['198.51.100.0/24'])
  })

  test('is that of the server', async () => {
    await made()
    expect(inputsOf('bus-server')['firewallIds']).toEqual([12])
  })
})

describe('the volume', () => {
  test('is kept: Hetzner does not delete it, Pulumi does not either, and nothing replaces it', async () => {
    await made()
    expect(inputsOf('bus-volume')).toMatchObject({
      size: 10,
      location: 'hel1',
      format: 'ext4',
      deleteProtection: true,
    })
    expect(options['bus-volume']).toMatchObject({
      retainOnDelete: true,
      ignoreChanges: ['location', 'format', 'name'],
    })
  })

  test('goes with the stack when that was said', async () => {
    await made({ deleteData: true })
    expect(inputsOf('bus-volume')['deleteProtection']).toBe(false)
    expect(options['bus-volume']!.retainOnDelete).toBe(false)
  })

  test('from before is read and not made, so nothing deletes it', async () => {
    const host = await made({ volumeId: 99, deleteData: true })
    expect(recorded.filter(({ type }) => type.endsWith(':Volume')).map(({ name }) => name)).toEqual([
      'bus-volume-99',
    ])
    expect(options['bus-volume-99']!.id).toBe('99')
    expect(await known(host.volumeId)).toBe(99)
    expect(inputsOf('bus-server')['userData']).toContain('scsi-0HC_Volume_99')
  })

  test('is attached to the server, in the place where the volume is, and mounted by the machine itself', async () => {
    const host = await made({ location: 'fsn1' })
    expect(inputsOf('bus-attachment')).toMatchObject({ serverId: 4711, volumeId: 815, automount: false })
    expect(inputsOf('bus-server')['location']).toBe('hel1')
    expect(host.directory('bus-data')).toBe('/mnt/bus/bus-data')
  })
})

describe('the server', () => {
  test('is of the type and image that were asked for, with the key', async () => {
    await made({ backups: true })
    expect(inputsOf('bus-server')).toMatchObject({
      name: 'bus',
      serverType: 'cx23',
      image: 'debian-13',
      sshKeys: ['34'],
      backups: true,
      shutdownBeforeDeletion: true,
    })
    expect(inputsOf('bus-ssh-key')['publicKey']).toBe(ARGS.sshPublicKey)
  })

  test('takes a key that the project has already by its name', async () => {
    const { sshPublicKey: _, ...rest } = ARGS
    const { DockerHost } = await import('../../hetzner/docker-host.ts')
    await known(new DockerHost('host', { ...rest, sshKeyName: 'laptop' }).address)
    expect(inputsOf('bus-server')['sshKeys']).toEqual(['laptop'])
    expect(recorded.some(({ type }) => type.endsWith(':SshKey'))).toBe(false)
  })

  test('is not made anew for a new version of this program, and never beside the old one', async () => {
    await made()
    expect(options['bus-server']).toMatchObject({
      deleteBeforeReplace: true,
      ignoreChanges: ['userData', 'sshKeys'],
    })
    expect(options['bus-attachment']!.deleteBeforeReplace).toBe(true)
  })

  test('is told its host key in secret', async () => {
    await made()
    const server = recorded.find(({ name }) => name === 'bus-server')!
    expect(server.inputs['userData']).toContain('BEGIN OPENSSH PRIVATE KEY')
    expect(server.secrets).toContain('userData')
    expect(options['bus-host-key']!.additionalSecretOutputs).toEqual(['privateKey'])
  })
})

describe('what Docker is reached by', () => {
  test('is known when the machine is ready, which is after the volume was attached', async () => {
    const host = await made()
    expect(inputsOf('bus-ready')).toMatchObject({
      address: '203.0.113.7',
      machine: '4711',
      mount: '/mnt/bus',
    })
    const before = options['bus-ready']!.dependsOn as unknown as { __name: string }[]
    expect(before.map(({ __name }) => __name)).toEqual(['bus-attachment'])
    expect(await known(host.provider.host as string)).toBe('ssh://root@203.0.113.7')
  })

  test('takes the host key that was made, and no other', async () => {
    const host = await made({ identityFile: '/home/me/.ssh/bus' })
    const options = (await known(host.provider.sshOpts!)) as string[]
    expect(options).toContain(`KnownHostsCommand=/bin/echo %H ${KEY.publicKey}`)
    expect(options).toContain('StrictHostKeyChecking=yes')
    expect(options.slice(0, 2)).toEqual(['-i', '/home/me/.ssh/bus'])
    expect(await known(host.knownHosts)).toBe(`203.0.113.7 ${KEY.publicKey}`)
  })
})
