/** The program against docker-compose.yml: the same containers, but for what is listed here with its reason. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { readsYaml, yamlFile } from '../../ops/test/yaml-file.ts'
import { root } from '../../service/test/support/root.ts'
import { mebibytesOf } from '../config/kinds.ts'
import { mocked, type Registered, type Stack } from './mocked.ts'

type Healthcheck = {
  test: string[]
  interval: string
  timeout: string
  retries: number
  start_period: string
}
type Service = {
  image: string
  command?: string[]
  entrypoint?: string[]
  restart: string
  read_only: boolean
  cap_drop: string[]
  cap_add?: string[]
  security_opt: string[]
  environment?: Record<string, string>
  ports?: string[]
  volumes?: string[]
  tmpfs?: string[]
  network_mode?: string
  healthcheck?: Healthcheck
  stop_grace_period?: string
  logging: { driver: string; options: Record<string, string> }
  deploy: { resources: { limits: { cpus: string; memory: string; pids: number } } }
}

/** What compose puts where nothing is set: `${BUS_PORT:-8080}` is 8080. */
const byDefault = (text: string): string => text.replaceAll(/\$\{[A-Z_]+:-([^}]*)\}/g, '$1')

/** In compose, files of the clone are mounted; here they are in an image, for a host that has no clone: these lines of its Dockerfile. */
const COPIED: Record<string, Record<string, { context: string; line: string }>> = {
  prometheus: { './ops/prometheus:/config': { context: '../ops/prometheus', line: 'COPY . /config/' } },
  alertmanager: { './ops/alertmanager:/config': { context: '../ops/alertmanager', line: 'COPY . /config/' } },
  grafana: {
    './grafana/provisioning:/etc/grafana/provisioning': {
      context: '../grafana',
      line: 'COPY provisioning /etc/grafana/provisioning',
    },
    './grafana/dashboards:/var/lib/grafana/dashboards/intent-bus': {
      context: '../grafana',
      line: 'COPY dashboards /var/lib/grafana/dashboards/intent-bus',
    },
  },
  caddy: {
    './ops/server/Caddyfile:/etc/caddy/Caddyfile': {
      context: '../ops/server',
      line: 'COPY Caddyfile /etc/caddy/Caddyfile',
    },
  },
}

/** In compose Caddy is root, as its image is, and has its directories where root's are. Here nobody is root. */
const MOVED: Record<string, Record<string, string>> = {
  caddy: { '/data': '/kept/data', '/config': '/kept/config' },
}
const OWN_ENVIRONMENT: Record<string, string[]> = {
  caddy: ['XDG_DATA_HOME=/kept/data', 'XDG_CONFIG_HOME=/kept/config'],
}

describe.skipIf(!readsYaml)('docker-compose.yml (it takes python3-yaml)', () => {
  const services = readsYaml
    ? yamlFile<{ services: Record<string, Service> }>('docker-compose.yml').services
    : {}
  let stack: Stack
  beforeAll(async () => {
    stack = await mocked({ domain: 'bus.example.com' })
  })
  const CONTAINER = 'docker:index/container:Container'
  const containers = () => stack.resources.filter(each => each.type === CONTAINER)
  const ours = (service: string): Registered => containers().find(each => each.name.endsWith(`-${service}`))!

  test('has no service that is not here, and the other way round', () => {
    expect(
      containers()
        .map(each => each.name.replace(/^.*-/, ''))
        .sort(),
    ).toEqual(Object.keys(services).sort())
  })

  describe.each(Object.keys(services))('%s', name => {
    const service = services[name]!

    test('is as closed', () => {
      expect(ours(name).inputs).toMatchObject({
        restart: service.restart,
        readOnly: service.read_only,
        securityOpts: service.security_opt,
        logDriver: service.logging.driver,
        logOpts: service.logging.options,
        capabilities: {
          drops: service.cap_drop,
          ...(service.cap_add === undefined ? {} : { adds: service.cap_add.map(each => `CAP_${each}`) }),
        },
      })
      expect(Object.keys(ours(name).inputs['capabilities'] as object).includes('adds')).toBe(
        service.cap_add !== undefined,
      )
    })

    test('may take as much of the host, but for processes, which the Docker provider cannot limit', () => {
      const { cpus, memory } = service.deploy.resources.limits
      expect(Number(ours(name).inputs['cpus'])).toBe(Number(byDefault(cpus)))
      expect(ours(name).inputs['memory']).toBe(mebibytesOf(byDefault(memory)))
    })

    test('is told the same', () => {
      const environment = Object.entries(service.environment ?? {})
        // A proxy comes from the command `docker`, which is not used here.
        .filter(([variable]) => variable.toUpperCase() !== 'NO_PROXY')
        .map(([variable, value]) => `${variable}=${byDefault(value)}`)
      const expected = [...environment, ...(OWN_ENVIRONMENT[name] ?? [])]
        // The domain of this stack, for which Caddy stands before the bus.
        .map(line => line.replace('BUS_DOMAIN=localhost', 'BUS_DOMAIN=bus.example.com'))
        .map(line => line.replace('BUS_TRUST_PROXY=0', 'BUS_TRUST_PROXY=1'))
      expect([...((ours(name).inputs['envs'] as string[] | undefined) ?? [])].sort()).toEqual(expected.sort())
      expect(ours(name).inputs['entrypoints']).toEqual(service.entrypoint)
      const command = service.command?.map(byDefault) ?? []
      expect(ours(name).inputs['command'] ?? []).toEqual(command)
    })

    test('listens where it listens', () => {
      const ports = (ours(name).inputs['ports'] ?? []) as Record<string, unknown>[]
      expect(ports.map(port => `${port['ip']}:${port['external']}:${port['internal']}`)).toEqual(
        (service.ports ?? [])
          .map(port => byDefault(port).replace(/^\[([^\]]+)\]/, '$1'))
          .map(port => (port.split(':').length === 2 ? `0.0.0.0:${port}` : port)),
      )
      const { networkMode, networksAdvanced } = ours(name).inputs
      expect(networkMode).toBe(service.network_mode)
      // By the name of its service, as the files of the others have it.
      const network = service.network_mode === 'none' ? undefined : [{ name: 'intent-bus', aliases: [name] }]
      expect(networksAdvanced).toEqual(network)
    })

    test('keeps the same in the same places', () => {
      const volumes = (ours(name).inputs['volumes'] ?? []) as Record<string, unknown>[]
      const named = volumes
        .filter(each => each['volumeName'] !== undefined)
        .map(each => `${each['volumeName']}:${each['containerPath']}${each['readOnly'] ? ':ro' : ''}`)
      const expected = (service.volumes ?? [])
        .filter(each => !each.startsWith('.'))
        .map(each => byDefault(each).split(':') as [string, string, string?])
        .map(([volume, path, mode]) =>
          [`intent-bus-${volume}`, MOVED[name]?.[path] ?? path, mode].filter(Boolean).join(':'),
        )
      expect(named.sort()).toEqual(expected.sort())
      const tmpfs = Object.entries((ours(name).inputs['tmpfs'] ?? {}) as Record<string, string>)
      expect(tmpfs.map(each => each.join(':'))).toEqual(service.tmpfs ?? [])
    })

    test('is asked after its health in the same way', () => {
      const expected = name === 'bus' ? ofDockerfile() : service.healthcheck
      if (name === 'secrets') return expect(ours(name).inputs['healthcheck']).toBeUndefined()
      const { tests, interval, timeout, retries, startPeriod } = ours(name).inputs['healthcheck'] as Record<
        string,
        unknown
      >
      expect({ tests, interval, timeout, retries, startPeriod: seconds(`${startPeriod}`) }).toEqual({
        tests: expected!.test,
        interval: expected!.interval,
        timeout: expected!.timeout,
        retries: expected!.retries,
        startPeriod: seconds(expected!.start_period),
      })
    })

    test('has as long to stop', () => {
      const grace = seconds(service.stop_grace_period ?? '10s')
      expect(ours(name).inputs['destroyGraceSeconds']).toBe(grace)
      expect(ours(name).inputs['stopTimeout']).toBe(
        service.stop_grace_period === undefined ? undefined : grace,
      )
    })

    test('is made from the same image, with the same files of the clone', () => {
      if (name === 'bus' || name === 'secrets') {
        expect(ours(name).inputs['image']).toMatch(/^sha256:of-intent-bus:[\da-f]{12}$/)
        return
      }
      const { build } = stack.one(`-${name}-image`).inputs as {
        build: {
          context: string
          dockerfile: string
          buildArgs: Record<string, string>
          useLegacyBuilder: boolean
        }
      }
      expect(build.buildArgs).toEqual({ BASE_IMAGE: service.image })
      // The other builder would ask the Docker of this machine, whichever was meant.
      expect(build.useLegacyBuilder).toBe(true)
      const files = (service.volumes ?? []).filter(each => each.startsWith('.'))
      expect(files.map(each => each.replace(/:ro$/, ''))).toEqual(Object.keys(COPIED[name]!))
      const dockerfile = readFileSync(join(root, 'infra', build.dockerfile), 'utf8')
      for (const { context, line } of Object.values(COPIED[name]!)) {
        expect(build.context).toBe(context)
        expect(dockerfile.split('\n')).toContain(line)
      }
    })
  })
})

/** The bus's own, which compose leaves to the image. */
function ofDockerfile(): Healthcheck {
  const text = readFileSync(join(root, 'Dockerfile'), 'utf8')
  const [, interval, timeout, start_period, retries, command] =
    /HEALTHCHECK --interval=(\w+) --timeout=(\w+) --start-period=(\w+) --retries=(\d+) \\\n {2}(?:CMD) (\[.*\])/.exec(
      text,
    )!
  return {
    test: ['CMD', ...(JSON.parse(command!) as string[])],
    interval: interval!,
    timeout: timeout!,
    start_period: start_period!,
    retries: Number(retries),
  }
}

/** `1m0s`, `60s` */
function seconds(text: string): number {
  const [, minutes = '0', rest = '0'] = /^(?:(\d+)m)?(?:(\d+)s)?$/.exec(text)!
  return Number(minutes) * 60 + Number(rest)
}
