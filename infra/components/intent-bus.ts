/** The bus on a Docker: what `secrets` and `bus` are in docker-compose.yml. */
import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { DEPLOYMENT } from '../../ops/deployment.ts'
import { type GivenSecrets, givenSecrets, SECRET_FILES } from './given-secrets.ts'
import { hardenedContainer, type Limits } from './hardened.ts'
import { type BusImage, busImage } from './images.ts'
import { mapped } from './inputs.ts'
import { digestOfText } from './sources.ts'
import { keptVolume, type VolumeName, type VolumesArgs } from './volumes.ts'

/** Plain are those that decide what is made at all: `source`, whether there is an `image`, `directory` and `deleteData`. */
export interface IntentBusArgs extends BusImage {
  /** What containers, volumes, the network and the image are called, or begin with. Default: `intent-bus`. */
  name?: pulumi.Input<string>
  /** The address of the host on which the bus listens, by plain HTTP. Default: `127.0.0.1`. */
  bindAddress?: pulumi.Input<string>
  /** The port there. Default: 8080. */
  port?: pulumi.Input<number>
  /** How many proxies stand before it, whose word about who is asking is believed: 1 with `Https`. Default: 0. */
  trustProxy?: pulumi.Input<number>
  /** Any other setting of the bus, but no secret: docs/configuration.md. */
  settings?: pulumi.Input<Record<string, pulumi.Input<string>>>
  /** What it may take of the host. Default: one core, 512M. */
  cpus?: pulumi.Input<string>
  memory?: pulumi.Input<string>
  /** Secrets of one's own. The bus makes those that are missing, at its first start. */
  secrets?: GivenSecrets
  /** A directory of the host for a volume; it has to exist. Without one, Docker chooses. */
  directory?: VolumesArgs['directory']
  /** Whether the volumes go when the resource goes. Default: false, which keeps them, and the next one finds them. */
  deleteData?: boolean
}

/** Owner of the bus's files, as whom it runs. */
const USER = `${DEPLOYMENT.user}:${DEPLOYMENT.user}`
const NODE = '/nodejs/bin/node'

export class IntentBus extends pulumi.ComponentResource {
  /** What containers, volumes and the network begin with. */
  readonly name: pulumi.Output<string>
  readonly network: docker.Network
  readonly container: docker.Container
  /** Where other containers of the network find it. */
  readonly alias = 'bus'
  readonly volumes: Record<
    'bus-data' | 'bus-backups' | 'bus-secrets' | 'metrics-token' | 'grafana-password',
    docker.Volume
  >
  /** What other volumes of the same deployment are made with. */
  readonly volumesArgs: VolumesArgs
  /** The bus by plain HTTP, on `bindAddress`. */
  readonly url: pulumi.Output<string>
  /** The container that made what secrets were missing. When it changes, so did they. */
  readonly secretsMade: docker.Container

  constructor(resource: string, args: IntentBusArgs = {}, opts: pulumi.ComponentResourceOptions = {}) {
    super('intent-bus:index:IntentBus', resource, {}, opts)
    const { name = 'intent-bus', bindAddress = '127.0.0.1', port = DEPLOYMENT.port } = args
    this.name = pulumi.output(name)
    this.volumesArgs = { name, deleteData: args.deleteData ?? false, directory: args.directory }
    this.network = new docker.Network(`${resource}-network`, { name }, { parent: this })
    // A name that another deployment has is refused here, where nothing else is made yet: volumes of that name would be taken over.
    const inside = { parent: this, dependsOn: [this.network] }
    const volume = (which: VolumeName) => keptVolume(resource, which, this.volumesArgs, inside)
    this.volumes = {
      'bus-data': volume('bus-data'),
      'bus-backups': volume('bus-backups'),
      'bus-secrets': volume('bus-secrets'),
      'metrics-token': volume('metrics-token'),
      'grafana-password': volume('grafana-password'),
    }
    const image = busImage(`${resource}-image`, name, args, inside).imageId
    const mount = (which: keyof typeof this.volumes, containerPath: string, readOnly: boolean) => ({
      volumeName: this.volumes[which].name,
      containerPath,
      readOnly,
    })
    const secretVolumes = [
      mount('bus-secrets', '/secrets/bus', false),
      mount('metrics-token', '/secrets/metrics', false),
      mount('grafana-password', '/secrets/grafana', false),
    ]
    const given = givenSecrets(
      `${resource}-given-secrets`,
      args.secrets ?? {},
      {
        image,
        user: USER,
        volumes: secretVolumes,
      },
      inside,
    )

    // Makes the secrets that are missing, and ends. It has a name of its own each time, so that it comes before the one from
    // before goes, and with that the bus: a bus is only stopped when all that the next one needs is there.
    const maker = {
      image,
      user: USER,
      entrypoints: [NODE, '/app/ops/image/make-secrets.js'],
      restart: 'no',
      mustRun: false,
      attach: true,
      volumes: secretVolumes,
      // An image from before writes a secret here that nothing reads any more; without the place it fails when one goes back to it.
      tmpfs: { '/secrets/postgres': `size=1m,mode=0700,uid=${DEPLOYMENT.user},gid=${DEPLOYMENT.user}` },
      labels: given === undefined ? [] : [{ label: 'intent-bus.given-secrets', value: given.id }],
      limits: { cpus: '1', memory: '128M' },
    }
    const suffix = pulumi.output(maker).apply(args => digestOfText(JSON.stringify(args)))
    this.secretsMade = hardenedContainer(
      `${resource}-secrets`,
      { name: pulumi.interpolate`${this.name}-secrets-${suffix}`, ...maker },
      { ...inside, deleteBeforeReplace: false },
    )
    const { cpus = DEPLOYMENT.limits.cpus, memory = DEPLOYMENT.limits.memory } = args
    const limits: Limits = { cpus, memory }
    this.container = hardenedContainer(
      `${resource}-bus`,
      {
        name: mapped(name, name => `${name}-bus`),
        image,
        user: USER,
        environment: mapped({ trustProxy: args.trustProxy ?? 0, settings: args.settings ?? {} }, of => ({
          ...SECRET_FILES,
          BUS_TRUST_PROXY: `${of.trustProxy}`,
          ...BACKUPS,
          ...of.settings,
        })),
        ports: [{ internal: DEPLOYMENT.port, external: port, ip: bindAddress, protocol: 'tcp' }],
        volumes: [
          mount('bus-data', DEPLOYMENT.data, false),
          mount('bus-backups', BACKUPS.BUS_BACKUP_DIR, false),
          mount('bus-secrets', '/secrets/bus', true),
          mount('metrics-token', '/secrets/metrics', true),
        ],
        tmpfs: { '/tmp': 'size=16m,mode=1777' },
        healthcheck: HEALTHCHECK,
        wait: true,
        waitTimeout: WAIT_SECONDS,
        // So that what has begun is finished, before another bus opens the same database.
        stopTimeout: DEPLOYMENT.stopGraceSeconds,
        destroyGraceSeconds: DEPLOYMENT.stopGraceSeconds,
        // Secrets are read at the start: a bus of other secrets is another bus.
        labels: [{ label: 'intent-bus.secrets', value: madeBy(this.secretsMade) }],
        network: { name: this.network.name, alias: this.alias },
        limits,
      },
      inside,
    )
    this.url = urlOn(bindAddress, port, this.container)
    this.registerOutputs({
      url: this.url,
      networkName: this.network.name,
      containerName: this.container.name,
    })
  }
}

/** @returns the address by plain HTTP, once the container is there */
export function urlOn(
  bindAddress: pulumi.Input<string>,
  port: pulumi.Input<number>,
  container: docker.Container,
): pulumi.Output<string> {
  return pulumi.all([bindAddress, port, container.id]).apply(([address, port]) => {
    const host = address.includes(':') ? `[${address}]` : address
    return `http://${host}:${port}`
  })
}

/** @returns the container's id, once it has ended well @throws when it has not: the bus would wait for what never comes */
function madeBy(secrets: docker.Container): pulumi.Output<string> {
  return pulumi.all([secrets.id, secrets.exitCode, secrets.name]).apply(([id, code, name]) => {
    if (code) {
      throw new pulumi.RunError(
        `Secrets could not be made: ${name} ended with ${code}, and \`docker logs ${name}\` says why. When that is mended: \`docker rm ${name}\`, then \`pulumi up --refresh\`.`,
      )
    }
    return id
  })
}

/** Once a day, into a volume of their own; `settings` may say otherwise. */
const BACKUPS = {
  BUS_BACKUP_DIR: DEPLOYMENT.backups,
  BUS_BACKUP_INTERVAL: '24h',
  BUS_BACKUP_KEEP: '7d',
} as const

/** The Dockerfile's own, which is not left to the image: another's may have none. */
const HEALTHCHECK = {
  tests: ['CMD', NODE, '/app/ops/image/health.js'],
  interval: '15s',
  timeout: '5s',
  startPeriod: '1m0s',
  retries: 3,
}

/** For the first answer to a health check, which comes after an interval. */
const WAIT_SECONDS = 120
