/** The deployment on a Docker, wherever that is: the bus, and what is asked for beside it. */
import * as pulumi from '@pulumi/pulumi'
import { Https } from '../components/https.ts'
import { IntentBus } from '../components/intent-bus.ts'
import { Monitoring } from '../components/monitoring.ts'
import type { Config } from '../config/of-stack.ts'
import { commandsForSecrets, tunnelTo } from './access.ts'
import type { DockerTarget } from './target.ts'

/** This clone, from where `pulumi up` runs: the same wherever the clone lies, so that a stack can be updated from another. */
const SOURCE = '..'

export type Outputs = Record<string, pulumi.Input<unknown>>

export function deployOnDocker(config: Config, target: DockerTarget): Outputs {
  const { provider, directory, ssh, socket } = target
  const opts = { providers: [provider] }
  const bus = new IntentBus(
    'intent-bus',
    {
      ...config,
      source: SOURCE,
      // Caddy is one.
      trustProxy: config.domain === '' ? config.trustProxy : 1,
      secrets: config.secrets,
      ...(directory === undefined ? {} : { directory }),
    },
    opts,
  )
  const https =
    config.domain === '' ? undefined : new Https('https', { ...config, source: SOURCE, bus }, opts)
  const monitoring = config.monitoring
    ? new Monitoring('monitoring', { ...config, source: SOURCE, bus }, opts)
    : undefined

  const volumes = { ...bus.volumes, ...https?.volumes, ...monitoring?.volumes }
  const monitors = monitoring && [monitoring.prometheus, monitoring.alertmanager, monitoring.grafana]
  const containers = [bus.container, ...(https ? [https.container] : []), ...(monitors ?? [])]
  const forwarded = monitoring === undefined ? [config.port] : [config.port, config.grafanaPort]
  return {
    url: https?.url ?? bus.url,
    ...(ssh === undefined ? {} : { tunnel: tunnelTo(ssh, config.bindAddress, forwarded) }),
    ...commandsForSecrets(bus, monitoring, { ssh, socket }),
    ...(monitoring === undefined ? {} : { grafana: monitoring.grafanaUrl }),
    network: bus.network.name,
    containers: pulumi.all(containers.map(container => container.name)),
    volumes: pulumi.all(Object.values(volumes).map(volume => volume.name)),
    ...target.outputs,
  }
}
