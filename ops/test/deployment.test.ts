/** The Dockerfile, the compose file and the blueprint for Render against ops/deployment.ts, and against each other. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { Ajv } from 'ajv'
import { beforeAll, describe, expect, test } from 'vitest'
import { LIMITS } from '../../grafana/src/limits.ts'
import { mocked, type Registered } from '../../infra/test/mocked.ts'
import { readConfig } from '../../service/config/config.ts'
import { SECRET_NAMES } from '../../service/config/secret-variables.ts'
import { unknownVariables } from '../../service/config/unknown.ts'
import { root } from '../../service/test/support/root.ts'
import { DEPLOYMENT } from '../deployment.ts'
import { RENDER_BLUEPRINT } from './render-blueprint.ts'
import { readsYaml, yamlFile } from './yaml-file.ts'

const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const dockerfile = read('Dockerfile')
const finalStage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))

/** Everything that an ARG of this name is set to. */
const args = (name: string) =>
  [...dockerfile.matchAll(new RegExp(`^ARG ${name}=(.*)$`, 'gm'))].map(match => match[1])

test('the four secrets of the bus are all there are', () => {
  expect(DEPLOYMENT.secrets).toEqual(SECRET_NAMES)
})

describe('the image', () => {
  test('listens, keeps its data and is asked after its health where the description says', () => {
    const env = Object.fromEntries(
      [...finalStage.matchAll(/^(?:ENV|) +([A-Z_]+)=(\S+)/gm)].map(([, name, value]) => [name, value]),
    )
    expect(env).toMatchObject({
      HOST: DEPLOYMENT.host,
      PORT: `${DEPLOYMENT.port}`,
      BUS_DB_PATH: DEPLOYMENT.database,
    })
    expect(finalStage).toContain(`\nEXPOSE ${DEPLOYMENT.port}\n`)
    expect(finalStage).toContain(`\nVOLUME ${DEPLOYMENT.data}\n`)
    const health = read('ops/image/health.js')
    expect(health).toContain(`const port = process.env.PORT?.trim() || ${DEPLOYMENT.port}\n`)
    expect(health).toContain(`GET ${DEPLOYMENT.ready} HTTP`)
    expect(read('ops/image/slim.js')).toContain(`'${DEPLOYMENT.data.slice(1)}'`)
  })

  test('is of this version, and runs as a number that is not root', () => {
    expect(args('VERSION')).toEqual([DEPLOYMENT.version])
    expect(args('RUN_AS')).toEqual([`${DEPLOYMENT.user}`])
    expect(finalStage).toMatch(/\nUSER \$\{RUN_AS\}:\$\{RUN_AS\}\n/)
  })

  test('needs no shell, to start, to be asked or to be built', () => {
    const commands = [...finalStage.matchAll(/(?:^|\n| )(RUN|CMD|ENTRYPOINT) (.)/g)]
    expect(commands.map(([, name]) => name)).toEqual(['RUN', 'CMD', 'ENTRYPOINT', 'CMD'])
    expect(commands.map(([, , begin]) => begin)).toEqual(['[', '[', '[', '['])
  })

  test('has the same base in the Dockerfile, twice, and in the bake file', () => {
    const [base, again] = args('BASE_IMAGE')
    expect(again).toBe(base)
    const bake = read('docker-bake.hcl')
    const inBake = (name: string) => new RegExp(`variable "${name}" { default = "(.*)" }`).exec(bake)?.[1]
    expect(inBake('BASE_IMAGE')).toBe(base)
    expect(inBake('BUILD_IMAGE')).toBe(args('BUILD_IMAGE')[0])
    expect(inBake('VERSION')).toBe(DEPLOYMENT.version)
  })

  test('has what an install script would make: no package that it takes needs one', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { dev?: boolean; optional?: boolean; hasInstallScript?: boolean }>
    }
    const scripted = Object.entries(packages).filter(([, each]) => each.hasInstallScript && !each.dev)
    expect(scripted.map(([path]) => path)).toEqual([])
  })
})

type Service = {
  image: string
  build?: string
  profiles?: string[]
  environment?: Record<string, string>
  ports?: string[]
  volumes?: string[]
  command?: string[]
  read_only?: boolean
  cap_drop?: string[]
  security_opt?: string[]
  restart?: string
  stop_grace_period?: string
  network_mode?: string
  healthcheck?: { test?: string[]; disable?: boolean }
  depends_on?: Record<string, { condition: string }>
  deploy?: { resources: { limits: { cpus: string; memory: string; pids: number } } }
  logging?: { options: Record<string, string> }
}

describe.skipIf(!readsYaml)('the compose file (it takes python3-yaml)', () => {
  const text = read('docker-compose.yml')
  const { services, volumes } = readsYaml
    ? yamlFile<{ services: Record<string, Service>; volumes: Record<string, null> }>('docker-compose.yml')
    : { services: {}, volumes: {} }
  const bus = services['bus']!
  /** As they are when .env says nothing. */
  const volumesOf = ({ volumes: list = [] }: Service) =>
    list.map(each => each.replace(/\$\{[A-Z_]+:-([^}]*)\}/g, '$1'))
  const mounts = (name: string) =>
    Object.fromEntries(volumesOf(services[name]!).map(each => each.split(':').slice(0, 2)))

  test('runs the bus where the description says, and no longer than it says', () => {
    // In brackets, in which an IPv6 address has to be, and an IPv4 address may.
    expect(bus.ports).toEqual([`[\${BIND_ADDRESS:-127.0.0.1}]:\${BUS_PORT:-8080}:${DEPLOYMENT.port}`])
    expect(mounts('bus')['bus-data']).toBe(DEPLOYMENT.data)
    expect(bus.stop_grace_period).toBe(`${DEPLOYMENT.stopGraceSeconds}s`)
    const { cpus, memory, pids } = DEPLOYMENT.limits
    expect(bus.deploy!.resources.limits).toEqual({
      cpus: `\${BUS_CPUS:-${cpus}}`,
      memory: `\${BUS_MEMORY:-${memory}}`,
      pids,
    })
  })

  test('lets a second bus in the same Docker have a name of its own, for its image too', () => {
    expect(text).toMatch(/^name: intent-bus$/m)
    expect(bus.image).toBe(`\${BUS_IMAGE:-\${COMPOSE_PROJECT_NAME}:latest}`)
    const [, block] = /^## How do I run two.*?^```\n(.*?)^```$/ms.exec(read('docs/docker.md'))!
    const ports = [...text.matchAll(/\$\{([A-Z]+_PORT):-(\d+)\}/g)]
    const ofTheSecond = parseEnv(block!)
    for (const [, name, standard] of ports.filter(([, name]) => !name!.startsWith('HTTP'))) {
      expect(Number(ofTheSecond[name!]), name).not.toBe(Number(standard))
      expect(ofTheSecond[name!], name).toMatch(/^\d+$/)
    }
    expect(ofTheSecond['COMPOSE_PROJECT_NAME']).not.toBe('intent-bus')
  })

  test('builds the image of the bus in one service alone, and uses it in the others', () => {
    const built = Object.values(services).filter(service => service.build !== undefined)
    expect(built.map(({ image }) => image)).toEqual([bus.image])
    expect(services['secrets']!.image).toBe(bus.image)
  })

  test('has the bus back itself up once a day, into a volume of its own that it may write to', () => {
    expect(bus.environment).toMatchObject({
      BUS_BACKUP_DIR: DEPLOYMENT.backups,
      BUS_BACKUP_INTERVAL: `\${BUS_BACKUP_INTERVAL:-24h}`,
    })
    expect(mounts('bus')['bus-backups']).toBe(DEPLOYMENT.backups)
    expect(read('ops/image/slim.js')).toContain(`'${DEPLOYMENT.backups.slice(1)}'`)
    // No alert before the next one is due.
    expect(LIMITS.backupAge).toBeGreaterThan(24 * 3600)
  })

  test('gives the bus every secret by a file, which the first start makes where the bus looks for it', () => {
    const made = read('ops/image/make-secrets.js')
    for (const name of DEPLOYMENT.secrets) {
      const file = bus.environment![`${name}_FILE`]!
      expect(made, name).toContain(`'${file}'`)
      const volume = Object.entries(mounts('bus')).find(([, path]) => file.startsWith(`${path}/`))![0]
      expect(mounts('secrets')[volume], name).toBe(mounts('bus')[volume])
    }
    // A directory in the place of the volume takes it in both, or a secret is changed where the bus does not look.
    const places = ['secrets', 'bus'].map(
      name => services[name]!.volumes!.find(each => /\/secrets\/bus\b/.test(each))!,
    )
    expect(places.map(each => each.replace(/:ro$/, ''))).toEqual([places[0], places[0]])
    // Nobody else has what opens the bus.
    const holders = Object.keys(services).filter(name =>
      volumesOf(services[name]!).some(each => each.startsWith('bus-secrets:')),
    )
    expect(holders).toEqual(['secrets', 'bus'])
  })

  test('has no secret in itself, and no setting of the bus that the bus does not know', () => {
    for (const { environment = {} } of Object.values(services)) {
      const secret = Object.keys(environment).filter(name => /SECRET|PASSWORD|TOKEN|KEY/.test(name))
      expect(secret.filter(name => !name.endsWith('_FILE') && !name.endsWith('__FILE'))).toEqual([])
    }
    expect(unknownVariables(bus.environment!)).toEqual([])
  })

  test.each(Object.keys(services))('%s can do as little as possible, and is limited', name => {
    const service = services[name]!
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      restart: name === 'secrets' ? 'no' : 'unless-stopped',
      logging: { options: { 'max-size': '10m' } },
    })
    const { cpus, memory, pids } = service.deploy!.resources.limits
    expect([cpus, memory, pids].every(Boolean)).toBe(true)
    // The image of the bus has its own check.
    if (!['secrets', 'bus'].includes(name)) expect(service.healthcheck!.test![0]).toBe('CMD')
    // Nothing waits for a healthy bus: its way in and its monitoring are needed most while it is not.
    for (const { condition } of Object.values(service.depends_on ?? {})) {
      expect(condition).toMatch(/^service_(started|completed_successfully)$/)
    }
    if (!service.image.startsWith('${')) expect(service.image).toMatch(/:v?\d[\d.]*$/)
  })

  test('asks itself and its neighbours without a proxy that Docker may be set up for', () => {
    const networked = Object.entries(services).filter(([, service]) => service.network_mode !== 'none')
    const names = networked.map(([name]) => name)
    for (const [name, { environment = {}, healthcheck }] of networked) {
      for (const variable of ['NO_PROXY', 'no_proxy']) {
        const direct = environment[variable]?.replace(/\$\{.*\}$/, '').split(',')
        expect(direct, name).toEqual(expect.arrayContaining(['localhost', '127.0.0.1', '::1', ...names]))
      }
      // The wget of busybox reads http_proxy and no list of exceptions.
      const [, program, ...options] = healthcheck?.test ?? []
      if (program === 'wget') expect(options.join(' '), name).toContain('-Y off')
    }
  })

  test('is open to this machine alone, but for Caddy', () => {
    const open = Object.entries(services).flatMap(([name, { ports = [] }]) =>
      ports
        .filter(port => !/^(\[\$\{BIND_ADDRESS:-127\.0\.0\.1\}\]|127\.0\.0\.1):/.test(port))
        .map(() => name),
    )
    expect(new Set(open)).toEqual(new Set(['caddy']))
  })

  test('keeps every volume that is declared, and declares every one that is used', () => {
    const used = Object.values(services).flatMap(service =>
      volumesOf(service)
        .map(each => each.split(':')[0]!)
        .filter(each => !each.startsWith('.')),
    )
    expect(new Set(used)).toEqual(new Set(Object.keys(volumes)))
  })

  test('starts the bus, Prometheus, Alertmanager and Grafana, and the rest by its profile', () => {
    const profiles = Object.entries(services).map(([name, each]) => [name, each.profiles?.[0]])
    expect(Object.fromEntries(profiles)).toEqual({
      secrets: undefined,
      bus: undefined,
      prometheus: undefined,
      alertmanager: undefined,
      grafana: undefined,
      caddy: 'https',
    })
  })

  test('.env.example explains each variable that it and the files beside it read, and no other', () => {
    const beside = readdirSync(root).filter(name => /^docker-compose\..+\.yml$/.test(name))
    const texts = [text, ...beside.map(read)].join('\n')
    const asked = new Set([...texts.matchAll(/\$\{([A-Z_]+)/g)].map(match => match[1]!))
    const shown = [...read('.env.example').matchAll(/^#([A-Z_]+)=/gm)].map(match => match[1]!)
    expect(new Set(shown)).toEqual(new Set([...asked, 'COMPOSE_PROFILES', 'COMPOSE_FILE']))
    expect(shown.length).toBe(new Set(shown).size)
  })

  test('has each service, profile and secret that docs/docker.md speaks of', () => {
    const page = read('docs/docker.md')
    const named = [...page.matchAll(/docker compose (?:exec|restart|run --rm|up -d) ([a-z]+)/g)].map(
      match => match[1]!,
    )
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter(name => services[name] === undefined)).toEqual([])
    const secrets = read('ops/image/make-secrets.js').match(/(?<=^ {2}')[a-z-]+(?=': \[)/gm)!
    expect(secrets.length).toBe(5)
    for (const name of secrets) expect(page).toContain(`\`${name}\``)
    expect(page).toContain(`has ${DEPLOYMENT.stopGraceSeconds} s to finish`)
    expect(page).toContain(`--stop-timeout ${DEPLOYMENT.stopGraceSeconds} `)
  })

  test('gives Prometheus its rules and the token alone, where its configuration looks for them', () => {
    const config = yamlFile<{
      scrape_configs: {
        authorization: { credentials_file: string }
        static_configs: { targets: string[] }[]
      }[]
      alerting: { alertmanagers: { static_configs: { targets: string[] }[] }[] }
    }>('ops/prometheus/prometheus.yml')
    const [job] = config.scrape_configs
    expect(job!.static_configs[0]!.targets).toEqual([`bus:${DEPLOYMENT.port}`])
    const [, folder, file] = /^(.*)\/([^/]*)$/.exec(job!.authorization.credentials_file)!
    expect(mounts('prometheus')).toMatchObject({ 'metrics-token': folder, './ops/prometheus': '/config' })
    expect(bus.environment!['BUS_METRICS_TOKEN_FILE']).toBe(`${mounts('bus')['metrics-token']}/${file}`)
    // Grafana tells; with Alertmanager as well, everybody would be told twice.
    expect(config.alerting.alertmanagers[0]!.static_configs[0]!.targets).toEqual([])
  })
})

describe.skipIf(!readsYaml)('the blueprint for Render (it takes python3-yaml)', () => {
  type Variable = { key: string; value?: string; generateValue?: boolean }
  type Blueprint = {
    services: { healthCheckPath: string; disk: { mountPath: string }; envVars: Variable[] }[]
  }
  const blueprint = readsYaml ? yamlFile<Blueprint>('render.yaml') : { services: [] }
  const service = blueprint.services[0]!
  const check = new Ajv({ allErrors: true, strict: false }).compile(RENDER_BLUEPRINT)

  test('has the fields that Render knows, and no other', () => {
    check(blueprint)
    expect(check.errors ?? []).toEqual([])
    for (const slip of [
      { healthcheckPath: '/' },
      { disk: { name: 'd', mountPath: '/d', sizeGb: 1 } },
      { maxShutdownDelaySeconds: 30 },
    ]) {
      expect(check({ services: [{ ...service, ...slip }] }), JSON.stringify(slip)).toBe(false)
    }
  })

  test('keeps the database on the disk, and asks whether the bus answers', () => {
    expect(service.disk.mountPath).toBe(DEPLOYMENT.data)
    expect(service.healthCheckPath).toBe(DEPLOYMENT.live)
    const set = Object.fromEntries(service.envVars.map(({ key, value }) => [key, value]))
    expect(set['BUS_DB_PATH']).toBe(DEPLOYMENT.database)
    // Render's own.
    expect(set).not.toHaveProperty('PORT')
  })

  test('has every secret made by Render, and settings that the bus takes', () => {
    const generated = service.envVars.filter(each => each.generateValue).map(({ key }) => key)
    expect(generated).toEqual(DEPLOYMENT.secrets)
    // What Render makes: 256 bits in Base64.
    const env = Object.fromEntries(
      service.envVars.map(({ key, value }) => [key, value ?? Buffer.alloc(32, 0xfb).toString('base64')]),
    )
    const { values, warnings } = readConfig(env)
    expect(warnings).toEqual([])
    expect(values).toMatchObject({ BUS_TRUST_PROXY: 1, BUS_ENFORCE_HTTPS: true })
  })
})

describe('the Pulumi program, which infra/test/compose.test.ts holds to the compose file', () => {
  let bus: Registered['inputs']
  beforeAll(async () => {
    const { one } = await mocked({ monitoring: 'false' })
    bus = one('intent-bus-bus').inputs
  })

  test('runs the bus where the description says, as whom it says, and stops it in the time that it says', () => {
    expect(bus['ports']).toMatchObject([{ internal: DEPLOYMENT.port, external: DEPLOYMENT.port }])
    expect(bus['volumes']).toContainEqual(
      expect.objectContaining({ volumeName: 'intent-bus-bus-data', containerPath: DEPLOYMENT.data }),
    )
    expect(bus['user']).toBe(`${DEPLOYMENT.user}:${DEPLOYMENT.user}`)
    expect(bus['stopTimeout']).toBe(DEPLOYMENT.stopGraceSeconds)
    expect(bus['destroyGraceSeconds']).toBe(DEPLOYMENT.stopGraceSeconds)
    expect(`${Number(bus['cpus'])}`).toBe(DEPLOYMENT.limits.cpus)
    expect(`${bus['memory']}M`).toBe(DEPLOYMENT.limits.memory)
  })

  test('gives the bus every secret by a file, and no setting that it does not know', () => {
    const environment = Object.fromEntries((bus['envs'] as string[]).map(line => line.split('=')))
    const files = DEPLOYMENT.secrets.map(name => environment[`${name}_FILE`])
    for (const file of files) expect(read('ops/image/make-secrets.js')).toContain(`'${file}'`)
    expect(Object.keys(environment).filter(name => DEPLOYMENT.secrets.includes(name as never))).toEqual([])
    expect(unknownVariables(environment)).toEqual([])
  })

  test('has the time to stop that docs/deploy/README.md speaks of', () => {
    expect(read('docs/deploy/README.md')).toContain(`has ${DEPLOYMENT.stopGraceSeconds} s to finish`)
  })
})

describe('the phone', () => {
  const service = read('ops/termux/lib/service.sh')
  const settings = /<< 'END'\n(.*?)^END$/ms.exec(read('ops/termux/lib/settings.sh'))![1]!
  const page = read('docs/phone.md')

  test('gets settings that the bus takes, and listens where the description says', () => {
    const env = Object.fromEntries(
      [...settings.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
    )
    expect(env).toMatchObject({ HOST: DEPLOYMENT.host, PORT: `${DEPLOYMENT.port}` })
    expect(readConfig(env).warnings).toEqual([])
    expect(read('ops/termux/lib/ready.sh')).toContain(`"$1${DEPLOYMENT.ready}"`)
  })

  test('gives the bus the time to finish what it has begun', () => {
    const waits = [service, read('ops/termux/intent-bus-phone'), read('ops/termux/bootstrap.sh')].flatMap(
      text => [...text.matchAll(/sv -w (\d+) force-stop/g)].map(([, seconds]) => Number(seconds)),
    )
    expect(waits).toHaveLength(3)
    for (const seconds of waits) expect(seconds).toBeGreaterThanOrEqual(DEPLOYMENT.stopGraceSeconds)
  })

  test('knows every option and command that its page speaks of', () => {
    const usage = read('ops/termux/bootstrap.sh')
      .match(/^ {2}--[a-z-0-9]+/gm)!
      .map(each => each.trim())
    // What was measured is told by options of Node and of the bench.
    const [, forThePhone] = /^(.*?)^## What about battery/ms.exec(page)!
    const options = [
      ...forThePhone!.matchAll(/(?:bootstrap\.sh|`|-s --)[^`\n]*?(--(?!name-only)[a-z-]+)/g),
    ].map(([, option]) => option!)
    expect(options.length).toBeGreaterThan(4)
    expect(options.filter(option => !usage.includes(option))).toEqual([])
    const commands = [...page.matchAll(/intent-bus-phone ([a-z]+)/g)].map(([, command]) => command!)
    const known = read('ops/termux/intent-bus-phone')
      .match(/^ {2}[a-z|, ]+\)/gm)!
      .join()
    expect(commands.length).toBeGreaterThan(5)
    expect(commands.filter(command => !known.includes(command))).toEqual([])
  })
})
