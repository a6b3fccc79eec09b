/** Lines for a person to type, as the outputs show them. */
import type * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { GRAFANA_PASSWORD_FILE, SECRET_FILES } from '../components/given-secrets.ts'
import type { IntentBus } from '../components/intent-bus.ts'
import type { Monitoring } from '../components/monitoring.ts'
import type { SshAccess } from './target.ts'

/** What makes ports of the host's own address be ports of this machine. */
export function tunnelTo(ssh: SshAccess, address: string, ports: readonly number[]): pulumi.Output<string> {
  const host = address.includes(':') ? `[${address}]` : address
  const forwards = ports.map(port => `-L ${port}:${host}:${port}`).join(' ')
  return sshTo(ssh).apply(line => line.replace(/^ssh /, `ssh -N ${forwards} `))
}

/**
 * A command for each secret of the bus, and one that makes a key for a device. Each is a line of its own among the outputs, which
 * a shell takes as it is shown: there is no shell in the bus's container, and what Docker copies out of it needs no quoting.
 */
export function commandsForSecrets(
  bus: IntentBus,
  monitoring?: Monitoring,
  { ssh, socket }: { ssh?: SshAccess | undefined; socket?: string | undefined } = {},
): Record<string, pulumi.Output<string>> {
  const docker = socket === undefined ? 'docker' : `docker -H ${shellWord(socket)}`
  const there = ssh === undefined ? pulumi.output(docker) : sshTo(ssh).apply(line => `${line} ${docker}`)
  const read = (container: docker.Container, file: string) =>
    pulumi.interpolate`${there} cp ${container.name}:${file} - | tar xOf -`
  return {
    keyForADevice: pulumi.interpolate`${there} exec ${bus.container.name} intent-bus keys create pi`,
    readBusSecret: read(bus.container, SECRET_FILES.BUS_SECRET_FILE),
    readAdminSecret: read(bus.container, SECRET_FILES.BUS_ADMIN_SECRET_FILE),
    readDashboardPassword: read(bus.container, SECRET_FILES.DASHBOARD_PASSWORD_FILE),
    readMetricsToken: read(bus.container, SECRET_FILES.BUS_METRICS_TOKEN_FILE),
    ...(monitoring === undefined
      ? {}
      : { readGrafanaPassword: read(monitoring.grafana, GRAFANA_PASSWORD_FILE) }),
  }
}

function sshTo({ destination, options }: SshAccess): pulumi.Output<string> {
  return pulumi
    .all([pulumi.all(options), pulumi.output(destination)])
    .apply(([given, to]) => ['ssh', ...given.map(shellWord), to].join(' '))
}

/** One word of a shell, quoted if it has to be. */
const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
