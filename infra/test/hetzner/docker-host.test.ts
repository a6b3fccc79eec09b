import * as pulumi from '@pulumi/pulumi'
import { describe, expect, test } from 'vitest'
import { DockerHost, type DockerHostArgs } from '../../hetzner/docker-host.ts'
import { HOST_KEY, mocked } from '../mocked.ts'

const ARGS: DockerHostArgs = {
  name: 'bus',
  location: 'hel1',
  serverType: 'cx23',
  image: 'debian-13',
  volumeSize: 10,
  sshPublicKey: 'ssh-ed25519 AAAAC3Nz me',
  backups: false,
  deleteData: false,
  directories: ['bus-data', 'bus-secrets'],
  owner: 65532,
}

const made = async (more: Partial<DockerHostArgs> = {}, args: DockerHostArgs = ARGS) => {
  const { resources, outputs } = await mocked({}, {}, () => {
    const host = new DockerHost('host', { ...args, ...more })
    const { provider, volumeId, knownHosts } = host
    return { ...provider, volumeId, knownHosts, directory: host.directory('bus-data') }
  })
  const named = (name: string) => resources.find(each => each.name === name)!
  const rules = named('host-firewall').inputs['rules'] as Record<string, unknown>[]
  return { resources, outputs, named, rules, inputs: (name: string) => named(name).inputs }
}

test('arguments may be outputs of other resources', async () => {
  const later = <T>(value: T) => pulumi.output(Promise.resolve(value))
  const { inputs, rules, outputs } = await made(
    {
      volumeId: later(99),
      identityFile: later('/home/me/.ssh/bus'),
      sshFrom: later(['198.51.100.0/24']),
      https: { httpPort: later(80), httpsPort: later(8443) },
    },
    {
      ...ARGS,
      name: later('bus'),
      location: later('hel1'),
      serverType: later('cx23'),
      image: later('debian-13'),
      sshPublicKey: later('ssh-ed25519 AAAAC3Nz me'),
      backups: later(true),
      directories: later(['bus-data']),
      owner: later(65532),
    },
  )
  expect(rules.map(({ port, sourceIps }) => [port, sourceIps])).toEqual([
    ['22', ['198.51.100.0/24']],
    ['80', ['0.0.0.0/0', '::/0']],
    ['8443', ['0.0.0.0/0', '::/0']],
  ])
  expect(inputs('host-server')).toMatchObject({ name: 'bus', image: 'debian-13', backups: true })
  expect(inputs('host-server')['userData']).toContain('DIRECTORIES=\\"bus-data\\"')
  expect(inputs('host-server')['userData']).toContain('scsi-0HC_Volume_99')
  expect((outputs['sshOpts'] as string[]).slice(0, 2)).toEqual(['-i', '/home/me/.ssh/bus'])
  const volume = await made({ name: later('bus'), volumeSize: later(20) })
  expect(volume.inputs('host-volume')).toMatchObject({ name: 'bus-data', size: 20 })
})

describe('the firewall', () => {
  test('opens SSH alone', async () => {
    const { rules } = await made()
    expect(rules).toMatchObject([
      { direction: 'in', protocol: 'tcp', port: '22', sourceIps: ['0.0.0.0/0', '::/0'] },
    ])
  })

  test('opens the ports of HTTPS besides when there are such', async () => {
    const { rules } = await made({ https: { httpPort: 80, httpsPort: 8443 } })
    expect(rules.map(({ port }) => port)).toEqual(['22', '80', '8443'])
    expect(rules[2]!['sourceIps']).toEqual(['0.0.0.0/0', '::/0'])
  })

  test('opens SSH to the networks that are named, and to no other', async () => {
    const { rules } = await made({
      sshFrom: ['198.51.100.0/24'],
      https: { httpPort: 80, httpsPort: 443 },
    })
    expect(rules[0]!['sourceIps']).toEqual(['198.51.100.0/24'])
  })

  test('is that of the server', async () => {
    const { inputs } = await made()
    expect(inputs('host-server')['firewallIds']).toEqual([12])
  })
})

describe('the volume', () => {
  test('is kept: Hetzner does not delete it, Pulumi does not either, and nothing replaces it', async () => {
    const { named } = await made()
    expect(named('host-volume')).toMatchObject({
      inputs: { size: 10, location: 'hel1', format: 'ext4', deleteProtection: true },
      options: { retainOnDelete: true, ignoreChanges: ['location', 'format', 'name'] },
    })
  })

  test('goes with the stack when that was said', async () => {
    const { named } = await made({ deleteData: true })
    expect(named('host-volume')).toMatchObject({
      inputs: { deleteProtection: false },
      options: { retainOnDelete: false },
    })
  })

  test('from before is read and not made, so nothing deletes it', async () => {
    const { resources, outputs, inputs, named } = await made({ volumeId: 99, deleteData: true })
    const volumes = resources.filter(({ type }) => type.endsWith(':Volume'))
    // As the one that is made is: Pulumi lets go of it when it is that one, where it would delete what left the program.
    expect(volumes.map(({ name }) => name)).toEqual(['host-volume'])
    expect(named('host-volume').options.id).toBe('99')
    expect(outputs['volumeId']).toBe(99)
    expect(inputs('host-server')['userData']).toContain('scsi-0HC_Volume_99')
  })

  test('is attached to the server, which is made where the volume is, and mounted by the machine itself', async () => {
    const { inputs, outputs } = await made({ volumeId: 99, location: 'fsn1' })
    expect(inputs('host-attachment')).toMatchObject({ serverId: 4711, volumeId: 99, automount: false })
    expect(inputs('host-server')['location']).toBe('hel1')
    expect(outputs['directory']).toBe('/mnt/bus/bus-data')
  })
})

describe('the server', () => {
  test('is made for one volume: it is another one for another', async () => {
    const { inputs, named } = await made()
    expect(inputs('host-server')['labels']).toMatchObject({ volume: '815' })
    expect(named('host-server').options.replaceOnChanges).toEqual(['labels.volume'])
    const other = await made({ volumeId: 99 })
    expect(other.inputs('host-server')['labels']).toMatchObject({ volume: '99' })
  })

  test('is of the type and image that were asked for, with the key', async () => {
    const { inputs } = await made({ backups: true })
    expect(inputs('host-server')).toMatchObject({
      name: 'bus',
      serverType: 'cx23',
      image: 'debian-13',
      sshKeys: ['34'],
      backups: true,
      shutdownBeforeDeletion: true,
    })
    expect(inputs('host-ssh-key')['publicKey']).toBe(ARGS.sshPublicKey)
  })

  test('takes a key that the project has already by its name', async () => {
    const { sshPublicKey: _, ...rest } = ARGS
    const { inputs, resources } = await made({ sshKeyName: 'laptop' }, rest)
    expect(inputs('host-server')['sshKeys']).toEqual(['laptop'])
    expect(resources.some(({ type }) => type.endsWith(':SshKey'))).toBe(false)
  })

  test('is not made anew for a new version of this program, and never beside the old one', async () => {
    const { named } = await made()
    expect(named('host-server').options).toMatchObject({
      deleteBeforeReplace: true,
      ignoreChanges: ['userData', 'sshKeys'],
    })
  })

  test('is shut down with its volume, which is not pulled from under it', async () => {
    const { named } = await made()
    expect(named('host-server').inputs['shutdownBeforeDeletion']).toBe(true)
    expect(named('host-attachment').options).toMatchObject({
      retainOnDelete: true,
      deleteBeforeReplace: true,
    })
  })

  test('is told its host key in secret', async () => {
    const { named } = await made()
    expect(named('host-server').inputs['userData']).toContain('a private key')
    expect(named('host-server').secretInputs).toContain('userData')
    expect(named('host-host-key').options.additionalSecretOutputs).toEqual(['privateKey'])
  })
})

test('another name is a change of the same resources: the machine and its data stay', async () => {
  const [before, after] = [await made(), await made({ name: 'other' })]
  const known = ({ resources }: typeof before) => resources.map(({ type, name }) => `${type} ${name}`)
  expect(known(after)).toEqual(known(before))
  expect(after.inputs('host-server')['name']).toBe('other')
  expect(after.named('host-volume').options.ignoreChanges).toContain('name')
})

describe('what Docker is reached by', () => {
  test('is known when the machine is ready, which is after the volume was attached', async () => {
    const { named, outputs } = await made()
    expect(named('host-ready').inputs).toMatchObject({
      address: '203.0.113.7',
      machine: '4711',
      mount: '/mnt/bus',
      makeReady: '/usr/local/sbin/intent-bus-machine',
    })
    const before = named('host-ready').options.dependsOn as unknown as { __name: string }[]
    expect(before.map(({ __name }) => __name)).toEqual(['host-attachment'])
    expect(outputs['host']).toBe('ssh://root@203.0.113.7')
  })

  test('takes the host key that was made, and no other', async () => {
    const { outputs } = await made({ identityFile: '/home/me/.ssh/bus' })
    const options = outputs['sshOpts'] as string[]
    expect(options).toContain(`KnownHostsCommand=/bin/echo %H ${HOST_KEY}`)
    expect(options).toContain('StrictHostKeyChecking=yes')
    expect(options.slice(0, 2)).toEqual(['-i', '/home/me/.ssh/bus'])
    expect(outputs['knownHosts']).toBe(`203.0.113.7 ${HOST_KEY}`)
  })
})
