/** Caddy in front of a bus, with a certificate that it gets and renews itself: `caddy` in docker-compose.yml. */
import { join } from 'node:path'
import type * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { DEPLOYMENT } from '../../ops/deployment.ts'
import { hardenedContainer } from './hardened.ts'
import { builtImage, CLONE, UPSTREAM } from './images.ts'
import type { IntentBus } from './intent-bus.ts'
import { keptVolume, type VolumeName } from './volumes.ts'

export interface HttpsArgs {
  /** The bus that it stands before, whose `trustProxy` is 1. */
  bus: IntentBus
  /** The name that points to the host: a certificate is made for it. */
  domain: pulumi.Input<string>
  /** Ports of the host. For a certificate, one of 80 and 443 has to be reachable from everywhere. Default: 80, 443. */
  httpPort?: pulumi.Input<number>
  httpsPort?: pulumi.Input<number>
  /** A clone of the bus, whose Caddyfile it gets. Relative paths start where `pulumi` runs. Default: the clone that this file is in. */
  source?: string
}

export class Https extends pulumi.ComponentResource {
  readonly container: docker.Container
  readonly volumes: Record<'caddy-data' | 'caddy-config', docker.Volume>
  /** The bus, from everywhere. */
  readonly url: pulumi.Output<string>

  constructor(resource: string, args: HttpsArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('intent-bus:index:Https', resource, {}, opts)
    const { bus, domain, source = CLONE, httpPort = 80, httpsPort = 443 } = args
    const inside = { parent: this, dependsOn: [bus.network] }
    const volume = (which: VolumeName) => keptVolume(resource, which, bus.volumesArgs, inside)
    this.volumes = { 'caddy-data': volume('caddy-data'), 'caddy-config': volume('caddy-config') }
    const image = builtImage(
      `${resource}-caddy-image`,
      {
        repository: pulumi.interpolate`${bus.name}-caddy`,
        context: join(source, 'ops/server'),
        dockerfile: join(source, 'infra/images/caddy.Dockerfile'),
        only: ['Caddyfile'],
        args: { BASE_IMAGE: UPSTREAM.caddy },
      },
      inside,
    )
    this.container = hardenedContainer(
      `${resource}-caddy`,
      {
        name: pulumi.interpolate`${bus.name}-caddy`,
        image: image.imageId,
        user: `${DEPLOYMENT.user}:${DEPLOYMENT.user}`,
        // Its program asks for this one at its start; that it may listen on 80 and 443 is the line after it.
        capabilities: ['CAP_NET_BIND_SERVICE'],
        sysctls: { 'net.ipv4.ip_unprivileged_port_start': '0' },
        environment: {
          BUS_DOMAIN: domain,
          BUS_HOST: bus.alias,
          BUS_PORT: `${DEPLOYMENT.port}`,
          XDG_DATA_HOME: '/kept/data',
          XDG_CONFIG_HOME: '/kept/config',
        },
        healthcheck: {
          tests: ['CMD', 'wget', '-q', '-Y', 'off', '-O', '/dev/null', 'http://127.0.0.1:2019/config/'],
          interval: '15s',
          timeout: '5s',
          retries: 3,
          startPeriod: '1m0s',
        },
        wait: true,
        waitTimeout: 120,
        // Every address of the host: this is what is to be reached.
        ports: [
          { internal: 80, external: httpPort, ip: '0.0.0.0', protocol: 'tcp' },
          { internal: 443, external: httpsPort, ip: '0.0.0.0', protocol: 'tcp' },
        ],
        volumes: [
          { volumeName: this.volumes['caddy-data'].name, containerPath: '/kept/data' },
          { volumeName: this.volumes['caddy-config'].name, containerPath: '/kept/config' },
        ],
        network: { name: bus.network.name, alias: 'caddy' },
        limits: { cpus: '1', memory: '256M' },
      },
      { ...inside, dependsOn: [bus.network, bus.container] },
    )
    this.url = pulumi
      .all([domain, httpsPort, this.container.id])
      .apply(([domain, port]) => `https://${domain}${port === 443 ? '' : `:${port}`}`)
    this.registerOutputs({ url: this.url, containerName: this.container.name })
  }
}
