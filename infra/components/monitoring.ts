/** Prometheus, Alertmanager and Grafana beside a bus, as docker-compose.yml has them, with the files of this clone. */
import { join } from 'node:path'
import type * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { GRAFANA_PASSWORD_FILE } from './given-secrets.ts'
import { type HardenedArgs, hardenedContainer } from './hardened.ts'
import { builtImage, CLONE, UPSTREAM } from './images.ts'
import { mapped } from './inputs.ts'
import { type IntentBus, urlOn } from './intent-bus.ts'
import { keptVolume, type VolumeName } from './volumes.ts'

export interface MonitoringArgs {
  /** The bus that is looked at. */
  bus: IntentBus
  /** The address of the host on which Grafana listens. Prometheus and Alertmanager, which ask for no password, stay on 127.0.0.1. Default: `127.0.0.1`. */
  bindAddress?: pulumi.Input<string>
  /** Ports of the host. Default: 3000, 9090, 9093. */
  grafanaPort?: pulumi.Input<number>
  prometheusPort?: pulumi.Input<number>
  alertmanagerPort?: pulumi.Input<number>
  /** How long Prometheus remembers, and how much disk it may take for that. Default: `30d`, `1GB`. */
  prometheusRetention?: pulumi.Input<string>
  prometheusSize?: pulumi.Input<string>
  /** Where Grafana sends alerts: a topic of ntfy. Without it, it shows them and tells nobody. */
  ntfyUrl?: pulumi.Input<string>
  /** A clone of the bus, whose files they get. Relative paths start where `pulumi` runs. Default: the clone that this file is in. */
  source?: string
}

export class Monitoring extends pulumi.ComponentResource {
  readonly prometheus: docker.Container
  readonly alertmanager: docker.Container
  readonly grafana: docker.Container
  readonly volumes: Record<'prometheus-data' | 'alertmanager-data' | 'grafana-data', docker.Volume>
  /** Grafana by plain HTTP, on `bindAddress`. */
  readonly grafanaUrl: pulumi.Output<string>

  constructor(resource: string, args: MonitoringArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('intent-bus:index:Monitoring', resource, {}, opts)
    const { bus, source = CLONE, bindAddress = '127.0.0.1', grafanaPort = 3000 } = args
    const inside = { parent: this, dependsOn: [bus.network] }
    const volume = (which: VolumeName) => keptVolume(resource, which, bus.volumesArgs, inside)
    this.volumes = {
      'prometheus-data': volume('prometheus-data'),
      'alertmanager-data': volume('alertmanager-data'),
      'grafana-data': volume('grafana-data'),
    }
    const image = (of: 'prometheus' | 'alertmanager' | 'grafana', folder: string, only?: string[]) =>
      builtImage(
        `${resource}-${of}-image`,
        {
          repository: pulumi.interpolate`${bus.name}-${of}`,
          context: join(source, folder),
          dockerfile: join(source, `infra/images/${of === 'grafana' ? 'grafana' : 'config'}.Dockerfile`),
          ...(only === undefined ? {} : { only }),
          args: { BASE_IMAGE: UPSTREAM[of] },
        },
        inside,
      ).imageId
    const container = (
      of: 'prometheus' | 'alertmanager' | 'grafana',
      more: Omit<HardenedArgs, 'name' | 'wait' | 'waitTimeout' | 'network'>,
      dependsOn: pulumi.Resource[] = [],
    ) =>
      hardenedContainer(
        `${resource}-${of}`,
        {
          name: pulumi.interpolate`${bus.name}-${of}`,
          wait: true,
          waitTimeout: WAIT_SECONDS,
          network: { name: bus.network.name, alias: of },
          ...more,
        },
        { ...inside, dependsOn: [bus.network, ...dependsOn] },
      )
    const local = (internal: number, external: pulumi.Input<number>) => ({
      internal,
      external,
      ip: '127.0.0.1',
      protocol: 'tcp',
    })
    const kept = (which: keyof typeof this.volumes, containerPath: string) => ({
      volumeName: this.volumes[which].name,
      containerPath,
    })

    this.prometheus = container(
      'prometheus',
      {
        image: image('prometheus', 'ops/prometheus'),
        user: NOBODY,
        command: [
          '--config.file=/config/prometheus.yml',
          '--storage.tsdb.path=/prometheus',
          mapped(args.prometheusRetention ?? '30d', time => `--storage.tsdb.retention.time=${time}`),
          mapped(args.prometheusSize ?? '1GB', size => `--storage.tsdb.retention.size=${size}`),
        ],
        healthcheck: asked('http://127.0.0.1:9090/-/ready', '1m0s'),
        ports: [local(9090, args.prometheusPort ?? 9090)],
        volumes: [
          // The token alone, where ops/prometheus/prometheus.yml looks for it.
          { volumeName: bus.volumes['metrics-token'].name, containerPath: '/etc/prometheus', readOnly: true },
          kept('prometheus-data', '/prometheus'),
        ],
        limits: { cpus: '1', memory: '512M' },
      },
      [bus.container],
    )
    this.alertmanager = container('alertmanager', {
      image: image('alertmanager', 'ops/alertmanager'),
      user: NOBODY,
      // One of them: it has no others to talk to.
      command: [
        '--config.file=/config/alertmanager.yml',
        '--storage.path=/alertmanager',
        '--cluster.listen-address=',
      ],
      healthcheck: asked('http://127.0.0.1:9093/-/ready', '1m0s'),
      ports: [local(9093, args.alertmanagerPort ?? 9093)],
      volumes: [kept('alertmanager-data', '/alertmanager')],
      limits: { cpus: '0.5', memory: '128M' },
    })
    this.grafana = container(
      'grafana',
      {
        image: image('grafana', 'grafana', ['provisioning', 'dashboards']),
        user: GRAFANA,
        environment: {
          GF_SECURITY_ADMIN_PASSWORD__FILE: GRAFANA_PASSWORD_FILE,
          GF_ANALYTICS_REPORTING_ENABLED: 'false',
          GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
          GF_USERS_ALLOW_SIGN_UP: 'false',
          // A host that does not exist, until a topic is named: Grafana refuses an empty address.
          NTFY_URL: mapped(args.ntfyUrl ?? '', url => url || 'https://ntfy.invalid/unset'),
        },
        healthcheck: asked('http://127.0.0.1:3000/api/health', '2m0s'),
        ports: [{ internal: 3000, external: grafanaPort, ip: bindAddress, protocol: 'tcp' }],
        volumes: [
          {
            volumeName: bus.volumes['grafana-password'].name,
            containerPath: '/secrets/grafana',
            readOnly: true,
          },
          kept('grafana-data', '/var/lib/grafana'),
          // Filled from the image with each new container, and gone with it: the dashboards are those of the clone.
          { containerPath: '/var/lib/grafana/dashboards/intent-bus' },
        ],
        tmpfs: { '/tmp': 'size=64m,mode=1777' },
        limits: { cpus: '1', memory: '512M' },
      },
      [bus.secretsMade, this.prometheus],
    )
    this.grafanaUrl = urlOn(bindAddress, grafanaPort, this.grafana)
    this.registerOutputs({
      grafanaUrl: this.grafanaUrl,
      prometheusName: this.prometheus.name,
      alertmanagerName: this.alertmanager.name,
      grafanaName: this.grafana.name,
    })
  }
}

/** As whom each image runs by itself. */
const NOBODY = '65534:65534'
const GRAFANA = '472:0'

/** For the first answer to a health check; Grafana's first start makes its database. */
const WAIT_SECONDS = 180

function asked(url: string, startPeriod: string) {
  return {
    tests: ['CMD', 'wget', '-q', '-Y', 'off', '-O', '/dev/null', url],
    interval: '15s',
    timeout: '5s',
    retries: 3,
    startPeriod,
  }
}
