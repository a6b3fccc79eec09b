/** What is not deployed, by the rules alone and in a program. */
import * as docker from '@pulumi/docker'
import { describe, expect, test } from 'vitest'
import { IntentBus } from '../components/intent-bus.ts'
import { isPublic, type Planned, type Rule, rules } from '../policy/rules.ts'
import { mocked } from './mocked.ts'

const CONTAINER = 'docker:index/container:Container'
const VOLUME = 'docker:index/volume:Volume'
const IMAGE = 'docker:index/remoteImage:RemoteImage'

const ask = (planned: Omit<Planned, 'name' | 'options'> & Partial<Planned>, of: Rule[] = rules(false)) =>
  of.flatMap(rule => rule({ name: 'it', options: {}, ...planned }))
const container = (inputs: Record<string, unknown>) =>
  ask({ type: CONTAINER, inputs: { user: '65532:65532', ...inputs } })

test.each([
  ['127.0.0.1', false],
  ['10.1.2.3', false],
  ['172.16.0.1', false],
  ['172.32.0.1', true],
  ['192.168.1.1', false],
  ['192.169.1.1', true],
  ['100.64.0.1', false],
  ['100.128.0.1', true],
  ['::1', false],
  ['fd12::1', false],
  ['fe80::1%eth0', false],
  ['2001:db8::1', true],
  ['0.0.0.0', true],
  ['::', true],
  ['', true],
  ['8.8.8.8', true],
])('the address %s is public: %s', (address, expected) => {
  expect(isPublic(address)).toBe(expected)
})

describe('a port', () => {
  test('of plain HTTP is for this host and its private networks', () => {
    expect(container({ ports: [{ internal: 8080, external: 8080, ip: '192.168.1.10' }] })).toEqual([])
    expect(container({ ports: [{ internal: 8080, external: 80, ip: '0.0.0.0' }] })).toEqual([
      'it opens port 80 to everybody (0.0.0.0) by plain HTTP: give a domain, or bind it to 127.0.0.1 or to a private address.',
    ])
    expect(container({ ports: [{ internal: 8080, external: 80 }] })[0]).toContain('(all addresses)')
  })

  test('of HTTPS is for everybody, and so is the one that sends people on to it', () => {
    const https = { internal: 443, external: 443, ip: '0.0.0.0' }
    const http = { internal: 80, external: 80, ip: '0.0.0.0' }
    expect(container({ ports: [http, https] })).toEqual([])
    expect(container({ ports: [http] }).length).toBe(1)
    expect(container({ ports: [https, { internal: 2019, external: 2019, ip: '0.0.0.0' }] }).length).toBe(1)
  })

  test('is not opened by other names', () => {
    expect(container({ publishAllPorts: true })).toEqual(['it publishes all its ports, to everybody.'])
    expect(container({ networkMode: 'host' })).toEqual([
      'it has the network of the host, and so all its ports.',
    ])
  })
})

test('a container is not root, says so itself, and is not root on the host', () => {
  for (const user of ['65532:65532', '1000', '472:0']) expect(container({ user })).toEqual([])
  for (const user of ['0', '0:0', '00:5']) expect(container({ user })[0]).toContain('runs as root')
  for (const user of [undefined, '', 'root', 'nobody']) {
    expect(container({ user })[0]).toContain('does not say by number as whom it runs')
  }
  expect(container({ privileged: true })).toEqual(['it is privileged, which is root on the host.'])
})

test('a volume is kept, unless deleteData says that it may go', () => {
  const volume = { type: VOLUME, inputs: {} }
  expect(ask(volume)[0]).toContain('would be deleted with its data')
  expect(ask({ ...volume, options: { retainOnDelete: true } })).toEqual([])
  expect(ask({ ...volume, options: { protect: true } })).toEqual([])
  expect(ask(volume, rules(true))).toEqual([])
})

test('an environment has no secret; the path of its file is none', () => {
  expect(
    container({ envs: ['BUS_SECRET_FILE=/s', 'GF_SECURITY_ADMIN_PASSWORD__FILE=/p', 'PORT=1'] }),
  ).toEqual([])
  for (const name of [
    'BUS_SECRET',
    'DASHBOARD_PASSWORD',
    'BUS_METRICS_TOKEN',
    'AWS_ACCESS_KEY_ID',
    'X_API_KEY',
  ]) {
    const [told] = container({ envs: [`${name}=hunter2`] })
    expect(told).toBe(`it has ${name} in its environment: a secret belongs in a file.`)
  }
})

test('an image says which one it is', () => {
  const image = (name: string) => ask({ type: IMAGE, inputs: { name } })
  for (const name of ['caddy:2.10.2', `bus@sha256:${'0'.repeat(64)}`, 'localhost:5000/bus:1']) {
    expect(image(name), name).toEqual([])
  }
  for (const name of ['caddy', 'caddy:latest', 'localhost:5000/bus']) expect(image(name).length, name).toBe(1)
})

describe('a program', () => {
  test('that opens the bus to everybody by plain HTTP is refused, by the configuration or by the rules', async () => {
    await expect(mocked({ bindAddress: '0.0.0.0' })).rejects.toThrow(
      'bindAddress is "0.0.0.0", which opens port 8080 to everybody by plain HTTP',
    )
    const component = () => {
      new IntentBus('mine', { bindAddress: '0.0.0.0' })
      return {}
    }
    await expect(mocked({}, {}, component)).rejects.toThrow(
      'This is not deployed:\n  mine-bus opens port 8080 to everybody (0.0.0.0) by plain HTTP',
    )
  })

  test('may have HTTPS for everybody, and plain HTTP beside it for a private network', async () => {
    const { one } = await mocked({ bindAddress: '10.0.0.5', domain: 'bus.example.com' })
    expect(one('caddy').inputs['ports']).toHaveLength(2)
  })

  test('is asked about what its owner adds, too', async () => {
    const added = () => {
      new docker.Container('mine', { name: 'mine', image: 'mine:1', user: '0' })
      return {}
    }
    await expect(mocked({}, {}, added)).rejects.toThrow('mine runs as root')
  })

  test('is asked again about what depends on another resource', async () => {
    const added = () => {
      const network = new docker.Network('net', { name: 'net' })
      const user = network.id.apply(() => '0:0')
      new docker.Container('mine', { name: 'mine', image: 'mine:1', user })
      return {}
    }
    await expect(mocked({}, {}, added)).rejects.toThrow('mine runs as root')
  })
})
