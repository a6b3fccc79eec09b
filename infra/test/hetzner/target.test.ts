import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEPLOYMENT } from '../../../ops/deployment.ts'
import { hetznerHost } from '../../targets/hetzner.ts'
import { configOf } from '../config-of.ts'
import { HOST_KEY, mocked, type Stack } from '../mocked.ts'

const folder = mkdtempSync(join(tmpdir(), 'bus-hetzner-'))
const sshKey = join(folder, 'id')
writeFileSync(`${sshKey}.pub`, 'ssh-ed25519 AAAA me\n')
afterAll(() => rmSync(folder, { recursive: true }))

const hetzner = (more: Record<string, string> = {}) => mocked({ target: 'hetzner', sshKey, ...more })

describe('the target hetzner', () => {
  let stack: Stack
  beforeAll(async () => {
    stack = await hetzner()
  })

  test('makes one machine with what the configuration says, and its public key', () => {
    expect(stack.one('-server').inputs).toMatchObject({
      name: 'intent-bus',
      serverType: 'cx23',
      image: 'debian-13',
    })
    expect(stack.one('-ssh-key').inputs['publicKey']).toBe('ssh-ed25519 AAAA me')
    expect(stack.one('-volume').inputs).toMatchObject({ size: 10, location: 'nbg1' })
  })

  test('runs the bus there, and its containers wait for the machine', () => {
    const docker = stack.resources.find(({ type }) => type === 'pulumi:providers:docker')!
    expect(docker.inputs['host']).toBe('ssh://root@203.0.113.7')
    const before = docker.options.dependsOn as unknown as { __name: string }[]
    expect(before.map(({ __name }) => __name)).toEqual(['host-ready'])
    expect(stack.one('intent-bus-bus').inputs).toMatchObject({ ports: [{ ip: '127.0.0.1' }] })
  })

  test('has the data and the secrets of the bus on the volume, and nothing else', () => {
    const bound = stack.resources
      .filter(({ type }) => type === 'docker:index/volume:Volume')
      .flatMap(({ inputs }) => {
        const { device } = (inputs['driverOpts'] ?? {}) as { device?: string }
        return device === undefined ? [] : [device]
      })
    expect(bound.sort()).toEqual(['/mnt/bus/bus-data', '/mnt/bus/bus-secrets'])
    const settings = stack.one('-server').inputs['userData'] as string
    expect(settings).toContain(`OWNER=${DEPLOYMENT.user}`)
    expect(settings).toContain(String.raw`DIRECTORIES=\"bus-data bus-secrets\"`)
  })

  test('says where the bus is, how it is reached, and which volume has the data', () => {
    expect(stack.outputs).toMatchObject({
      url: `http://127.0.0.1:${DEPLOYMENT.port}`,
      address: '203.0.113.7',
      volumeId: 815,
      knownHosts: `203.0.113.7 ${HOST_KEY}`,
    })
    expect(stack.outputs['tunnel']).toMatch(/^ssh -N -L 8080:127\.0\.0\.1:8080 /)
    expect(stack.outputs['tunnel']).toContain(`-o 'KnownHostsCommand=/bin/echo %H ${HOST_KEY}'`)
    expect(stack.outputs['tunnel']).toMatch(/ root@203\.0\.113\.7$/)
  })

  test('shows no secret in its outputs', () => {
    expect(stack.secretOutputs).toEqual([])
    expect(JSON.stringify(stack.outputs)).not.toContain('a private key')
  })
})

test('a name opens 80 and 443 on the machine, and Caddy listens there', async () => {
  const { one, outputs } = await hetzner({ domain: 'bus.example.com' })
  const rules = one('-firewall').inputs['rules'] as { port: string }[]
  expect(rules.map(({ port }) => port)).toEqual(['22', '80', '443'])
  expect(outputs['url']).toBe('https://bus.example.com')
})

test('the firewall opens the ports that Caddy listens on, when they are others', async () => {
  const { one } = await hetzner({
    domain: 'bus.example.com',
    httpPort: '8080',
    httpsPort: '8443',
    port: '9000',
  })
  const rules = one('-firewall').inputs['rules'] as { port: string }[]
  const ports = one('https-caddy').inputs['ports'] as { external: number }[]
  expect(rules.slice(1).map(({ port }) => Number(port))).toEqual(ports.map(({ external }) => external))
  expect(ports.map(({ external }) => external)).toEqual([8080, 8443])
})

test('networks, backups, another place and a volume from before reach the machine', async () => {
  const more = { sshFrom: '203.0.113.9, 2001:db8::/32', backups: 'true', volumeId: '99', location: 'ash' }
  const { one, outputs } = await hetzner(more)
  const [ssh] = one('-firewall').inputs['rules'] as { sourceIps: string[] }[]
  expect(ssh!.sourceIps).toEqual(['203.0.113.9/32', '2001:db8::/32'])
  expect(one('-server').inputs['backups']).toBe(true)
  expect(outputs['volumeId']).toBe(99)
})

test('a key that is not there is told with what makes one', async () => {
  const config = configOf({ target: 'hetzner', sshKey: join(folder, 'none') })
  expect(() => hetznerHost(config)).toThrow(/none\.pub\. Make a key by `ssh-keygen/)
  const { one } = await hetzner({ sshKey: join(folder, 'none'), sshKeyName: 'laptop' })
  expect(one('-server').inputs['sshKeys']).toEqual(['laptop'])
})

test('what a volume from before does not hear is refused', () => {
  const given = { target: 'hetzner', sshKey, volumeId: '99' }
  expect(() => configOf({ ...given, volumeSize: '20', deleteData: 'true' })).toThrow(
    /volumeSize does nothing beside volumeId.*\n.*deleteData does nothing for the volume of volumeId/,
  )
  expect(configOf({ ...given, deleteData: 'false' }).volumeId).toBe('99')
  expect(configOf({ ...given, volumeId: '', volumeSize: '20', deleteData: 'true' }).volumeSize).toBe(20)
})

test('what is no setting of it is refused by its name, all at once', () => {
  const wrong = {
    target: 'hetzner',
    location: 'mars',
    serverType: 'huge',
    volumeSize: '5',
    sshFrom: '203.0.113.0/33',
    plan: 'starter',
  }
  expect(() => configOf(wrong)).toThrow(
    /location is "mars": it takes.*\n.*serverType is "huge".*\n.*volumeSize is "5".*\n.*sshFrom is "203.0.113.0\/33".*\n.*plan does nothing for the target hetzner/,
  )
})
