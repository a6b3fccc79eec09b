/** The files that go along with docker-compose.yml: each changes what it says it changes, and nothing that guards the bus. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { unknownVariables } from '../../service/config/unknown.ts'
import { root } from '../../service/test/support/root.ts'
import { DEPLOYMENT } from '../deployment.ts'
import { readsYaml, yamlFile } from './yaml-file.ts'

type Mount = string | { type: string; source: string; target: string; read_only?: boolean }
type Service = {
  image?: string
  environment?: Record<string, string>
  volumes?: Mount[]
  ports?: string[]
  deploy?: { resources: { limits: Record<string, string | number> } }
  [field: string]: unknown
}
type Compose = { services: Record<string, Service>; volumes?: Record<string, null> }

const variants = readdirSync(root).filter(name => /^docker-compose\..+\.yml$/.test(name))

test('there are those that the docs speak of', () => {
  expect(variants).toEqual(['docker-compose.nas.yml', 'docker-compose.traefik.yml'])
})

describe.skipIf(!readsYaml)('beside docker-compose.yml (it takes python3-yaml)', () => {
  const read = (file: string): Compose => (readsYaml ? yamlFile<Compose>(file) : { services: {} })
  const base = read('docker-compose.yml')

  describe.each(variants)('%s', file => {
    const text = readFileSync(join(root, file), 'utf8')
    const { services, volumes = {} } = read(file)
    const changed = Object.entries(services).filter(([name]) => name in base.services)
    const added = Object.entries(services).filter(([name]) => !(name in base.services))

    test('says how it is used', () => {
      expect(text).toContain(`#   COMPOSE_FILE=docker-compose.yml:${file}\n`)
      const page = /docs\/[\w/-]+\.md/.exec(text)![0]
      expect(readFileSync(join(root, page), 'utf8')).toContain(file)
    })

    test('changes no more of a service than its environment, its volumes and its limits', () => {
      const fields = new Set(changed.flatMap(([, service]) => Object.keys(service)))
      expect([...fields].filter(name => !['environment', 'volumes', 'deploy'].includes(name))).toEqual([])
      for (const [name, { environment = {} }] of changed) {
        expect(name === 'bus' ? unknownVariables(environment) : Object.keys(environment)).toEqual([])
      }
    })

    test('adds only what can do as little as the rest, with what it keeps in a volume of its own', () => {
      for (const [name, service] of added) {
        expect(service).toMatchObject({
          read_only: true,
          cap_drop: ['ALL'],
          security_opt: ['no-new-privileges:true'],
          restart: 'unless-stopped',
          logging: base.services['caddy']!['logging'],
          // It is the way in, also to a bus that is not well.
          depends_on: { bus: { condition: 'service_started' } },
        })
        expect(service.image, name).toMatch(/:v?\d[\d.]*$/)
        expect(Object.keys(service.deploy!.resources.limits)).toEqual(['cpus', 'memory', 'pids'])
      }
      const named = added
        .flatMap(([, service]) => service.volumes ?? [])
        .map(each => `${each}`.split(':')[0]!)
      expect(named.filter(name => !name.startsWith('.'))).toEqual(Object.keys(volumes))
    })
  })

  test('Traefik takes the ports of Caddy, and has what it needs to find the bus', () => {
    const { bus, traefik } = read('docker-compose.traefik.yml').services
    const caddy = base.services['caddy']!
    expect(traefik!.ports).toEqual(caddy.ports)
    expect(traefik!.environment).toEqual(caddy.environment)
    expect(bus!.environment).toEqual({ BUS_TRUST_PROXY: '1' })
    expect(traefik!.volumes).toContain('./ops/server/traefik.yml:/config/traefik.yml:ro')
  })

  test('on a NAS data and keys lie in the shared folder, and no processor is limited', () => {
    const { services } = read('docker-compose.nas.yml')
    const places = (name: string) =>
      Object.fromEntries(
        services[name]!.volumes!.map(each => (typeof each === 'string' ? [] : [each.target, each.source])),
      )
    const here = `\${NAS_FOLDER}`
    expect(places('bus')).toEqual({
      [DEPLOYMENT.data]: `${here}/data`,
      [services['bus']!.environment!['BUS_BACKUP_DIR']!]: `${here}/backups`,
      '/secrets/bus': `${here}/secrets`,
    })
    expect(places('secrets')['/secrets/bus']).toMatch(/^\$\{NAS_FOLDER:\?.+\}\/secrets$/)
    const unprofiled = Object.entries(base.services).filter(
      ([, service]) => service['profiles'] === undefined,
    )
    expect(Object.keys(services).sort()).toEqual(unprofiled.map(([name]) => name).sort())
    for (const { deploy } of Object.values(services)) expect(deploy!.resources.limits).toEqual({ cpus: '0' })
  })
})
