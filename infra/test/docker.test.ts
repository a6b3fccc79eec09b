/** What the targets `local` and `ssh` ask the engine for. */
import { homedir } from 'node:os'
import * as pulumi from '@pulumi/pulumi'
import { describe, expect, test } from 'vitest'
import { Https } from '../components/https.ts'
import { IntentBus } from '../components/intent-bus.ts'
import { Monitoring } from '../components/monitoring.ts'
import { mocked } from './mocked.ts'

/** What the engine knows of an output, which is not in its types. */
const told = (output: pulumi.Output<string>) =>
  (output as unknown as { promise(): Promise<string> }).promise()

const CONTAINER = 'docker:index/container:Container'
const IMAGE = 'docker:index/remoteImage:RemoteImage'
const VOLUME = 'docker:index/volume:Volume'

describe('without a word of configuration', () => {
  test('the bus, its secrets and its monitoring are on the Docker here, and Caddy is not', async () => {
    const { resources } = await mocked({})
    const names = resources.filter(each => each.type === CONTAINER).map(each => each.inputs['name'])
    expect(names).toEqual([
      expect.stringMatching(/^intent-bus-secrets-[\da-f]{12}$/),
      'intent-bus-bus',
      'intent-bus-prometheus',
      'intent-bus-alertmanager',
      'intent-bus-grafana',
    ])
  })

  test('every container is deleted before another takes its name and its ports, but for those that bring secrets, whose names are new each time', async () => {
    const { resources } = await mocked({ domain: 'bus.example.com' }, { busSecret: 'a-secret-of-my-own' })
    const containers = resources.filter(each => each.type === CONTAINER)
    expect(containers.length).toBe(7)
    const bringing = ['intent-bus-given-secrets', 'intent-bus-secrets']
    for (const { name, options } of containers) {
      expect(options.deleteBeforeReplace, name).toBe(!bringing.includes(name))
    }
  })

  test.each([
    [{}, 4],
    [{ monitoring: 'false', image: 'registry.example.com/intent-bus:1.2.3' }, 1],
  ])('an image is there before the one from before goes, with %j', async (values, count) => {
    const { resources } = await mocked(values)
    const images = resources.filter(each => each.type === IMAGE)
    expect(images.map(({ options }) => options.deleteBeforeReplace)).toEqual(Array(count).fill(false))
  })

  test('the name of what carries given secrets is made by Pulumi, and not of them', async () => {
    const { one } = await mocked({}, { busSecret: 'a-secret-of-my-own' })
    expect(one('given-secrets').inputs).not.toHaveProperty('name')
  })
})

test('the outputs name the network and each container', async () => {
  const { outputs } = await mocked({ domain: 'bus.example.com', name: 'jobs' })
  expect(outputs['network']).toBe('jobs')
  expect(outputs['containers']).toEqual([
    'jobs-bus',
    'jobs-caddy',
    'jobs-prometheus',
    'jobs-alertmanager',
    'jobs-grafana',
  ])
})

test('a name that another deployment has is refused at the network, before all else: volumes of that name would be taken over', async () => {
  const { resources, one } = await mocked({ domain: 'bus.example.com' }, { busSecret: 'a-secret-of-my-own' })
  expect(one('intent-bus-network').options.dependsOn).toBeUndefined()
  const others = resources.filter(each => each.type.startsWith('docker:') && !each.name.endsWith('-network'))
  expect(others.length).toBe(22)
  for (const { name, options } of others) {
    const before = [options.dependsOn ?? []].flat() as pulumi.Resource[]
    const urns = await Promise.all(before.map(each => told(each.urn)))
    expect(
      urns.map(urn => urn.split('::').at(-1)),
      name,
    ).toContain('intent-bus-network')
  }
})

describe('a component', () => {
  /** Of one that gets its arguments so. */
  const made = async (given: <T>(value: T) => pulumi.Input<T>) => {
    const { resources, outputs } = await mocked({}, {}, () => {
      const source = '..'
      const bus = new IntentBus('bus', {
        source,
        name: given('jobs'),
        bindAddress: given('10.0.0.5'),
        port: given(8081),
        trustProxy: given(1),
        settings: given({ BUS_LEASE_SECONDS: given('120') }),
        cpus: given('2'),
        memory: given('1G'),
        buildImage: given('node:24.1.0-slim'),
      })
      const https = new Https('https', {
        ...{ bus, source, domain: given('bus.example.com') },
        ...{ httpPort: given(8000), httpsPort: given(8443) },
      })
      const monitoring = new Monitoring('monitoring', {
        ...{ bus, source, bindAddress: given('10.0.0.5'), ntfyUrl: given('https://ntfy.sh/a-topic') },
        ...{ grafanaPort: given(3001), prometheusPort: given(9091), alertmanagerPort: given(9094) },
        ...{ prometheusRetention: given('90d'), prometheusSize: given('5GB') },
      })
      return { bus: bus.url, name: bus.name, https: https.url, grafana: monitoring.grafanaUrl }
    })
    return { outputs, inputs: resources.map(({ name, inputs }) => ({ name, inputs })) }
  }

  test('takes outputs of other resources where it takes values, and makes the same of them', async () => {
    const plain = await made(value => value)
    expect(plain.outputs).toEqual({
      bus: 'http://10.0.0.5:8081',
      name: 'jobs',
      https: 'https://bus.example.com:8443',
      grafana: 'http://10.0.0.5:3001',
    })
    expect(await made(value => pulumi.output(value) as unknown as typeof value)).toEqual(plain)
  })
})

describe('data', () => {
  test('outlives the stack, and is never replaced', async () => {
    const { resources } = await mocked({ domain: 'bus.example.com' })
    const volumes = resources.filter(each => each.type === VOLUME)
    expect(volumes.length).toBe(10)
    for (const { name, options } of volumes) {
      expect(options.retainOnDelete, name).toBe(true)
      expect(options.ignoreChanges, name).toEqual(['name', 'driver', 'driverOpts', 'labels'])
    }
  })

  test('goes with the stack when deleteData says so', async () => {
    const { resources } = await mocked({ deleteData: 'true' })
    const volumes = resources.filter(each => each.type === VOLUME)
    expect(volumes.length).toBe(8)
    for (const { name, options } of volumes) expect(options.retainOnDelete, name).toBe(false)
  })

  test('stays with its resource when the deployment gets another name', async () => {
    const before = await mocked({ name: 'one' })
    const after = await mocked({ name: 'two' })
    const volumes = ({ resources }: typeof before) =>
      resources.filter(each => each.type === VOLUME).map(each => each.name)
    expect(volumes(after)).toEqual(volumes(before))
  })
})

describe('secrets that were given', () => {
  const secrets = {
    busSecret: 'bus-secret-of-my-own',
    adminSecret: 'admin-secret-of-my-own',
    dashboardPassword: 'dashboard-password-of-my-own',
    metricsToken: 'metrics-token-of-my-own',
    grafanaPassword: 'grafana-password-of-my-own',
  }

  test('are in one input of one resource, which is encrypted in the state', async () => {
    const { resources, one } = await mocked({}, secrets)
    expect(one('given-secrets').secretInputs).toEqual(['uploads'])
    expect(one('given-secrets').options.additionalSecretOutputs).toEqual(['uploads'])
    const others = JSON.stringify(resources.map(({ inputs }) => ({ ...inputs, uploads: undefined })))
    for (const secret of Object.values(secrets)) expect(others).not.toContain(secret)
  })

  test('lie where the bus, Prometheus and Grafana look for them', async () => {
    const { one } = await mocked({}, secrets)
    expect(one('given-secrets').inputs['uploads']).toEqual([
      { file: '/secrets/bus/bus-secret', content: secrets.busSecret, permissions: '0444' },
      { file: '/secrets/bus/admin-secret', content: secrets.adminSecret, permissions: '0444' },
      { file: '/secrets/bus/dashboard-password', content: secrets.dashboardPassword, permissions: '0444' },
      { file: '/secrets/metrics/bus-metrics-token', content: secrets.metricsToken, permissions: '0444' },
      { file: '/secrets/grafana/admin-password', content: secrets.grafanaPassword, permissions: '0444' },
    ])
  })

  test('are carried by a container that never runs, and come before those that are made', async () => {
    const { one } = await mocked({}, { busSecret: secrets.busSecret })
    expect(one('given-secrets').inputs).toMatchObject({ start: false, mustRun: false })
    expect(one('intent-bus-secrets').inputs['labels']).toEqual([
      { label: 'intent-bus.given-secrets', value: 'intent-bus-given-secrets-id' },
    ])
    expect(one('intent-bus-bus').inputs['labels']).toEqual([
      { label: 'intent-bus.secrets', value: 'intent-bus-secrets-id' },
    ])
  })

  test('are encrypted though a program hands them over in plain text', async () => {
    const { one } = await mocked({}, {}, () => {
      new IntentBus('mine', { secrets: { busSecret: secrets.busSecret } })
      return {}
    })
    expect(one('given-secrets').secretInputs).toEqual(['uploads'])
  })

  test('show in no output', async () => {
    const { outputs } = await mocked({}, secrets)
    for (const secret of Object.values(secrets)) expect(JSON.stringify(outputs)).not.toContain(secret)
  })
})

describe('ssh', () => {
  const ssh = { target: 'ssh', host: 'ssh://admin@bus.example.com' }

  test('speaks to a host that is known, and to no other', async () => {
    const { resources } = await mocked({ ...ssh, sshKey: '~/.ssh/bus', knownHosts: '/etc/known' })
    const provider = resources.find(each => each.type === 'pulumi:providers:docker')!
    expect(provider.inputs['host']).toBe('ssh://admin@bus.example.com')
    const opts = JSON.parse(provider.inputs['sshOpts'] as string) as string[]
    expect(opts.join(' ')).toContain(
      `-i ${homedir()}/.ssh/bus -o IdentitiesOnly=yes -o UserKnownHostsFile=/etc/known -o StrictHostKeyChecking=yes`,
    )
  })

  test('says how a person gets to a bus that listens on loopback', async () => {
    const { outputs } = await mocked({ ...ssh, host: 'ssh://admin@bus.example.com:2222' })
    expect(outputs['url']).toBe('http://127.0.0.1:8080')
    expect(outputs['tunnel']).toBe(
      'ssh -N -L 8080:127.0.0.1:8080 -L 3000:127.0.0.1:3000 -p 2222 admin@bus.example.com',
    )
    const there = 'ssh -p 2222 admin@bus.example.com docker'
    expect(outputs).toMatchObject({
      keyForADevice: `${there} exec intent-bus-bus intent-bus keys create pi`,
      readBusSecret: `${there} cp intent-bus-bus:/secrets/bus/bus-secret - | tar xOf -`,
      readGrafanaPassword: `${there} cp intent-bus-grafana:/secrets/grafana/admin-password - | tar xOf -`,
    })
  })
})

test('with a domain, the address is the one that everybody reaches', async () => {
  const { outputs, one } = await mocked({ domain: 'bus.example.com', monitoring: 'false' })
  expect(outputs['url']).toBe('https://bus.example.com')
  expect(one('intent-bus-bus').inputs['envs']).toContain('BUS_TRUST_PROXY=1')
})

test.each([
  [{}, 0],
  [{ trustProxy: '1' }, 1],
  [{ domain: 'bus.example.com' }, 1],
  [{ trustProxy: '2' }, 2],
  [{ domain: 'bus.example.com', trustProxy: '1' }, 1],
])('with %j the bus believes %d proxies', async (values, proxies) => {
  const { one } = await mocked({ monitoring: 'false', ...values })
  expect(one('intent-bus-bus').inputs['envs']).toContain(`BUS_TRUST_PROXY=${proxies}`)
})
