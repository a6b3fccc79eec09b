/** Lines for a person to type, as the outputs show them. */
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

/** A command for each secret of the bus, and one that makes a key for a device. */
export function howToReadSecrets(
  bus: IntentBus,
  monitoring?: Monitoring,
  { ssh, socket }: { ssh?: SshAccess | undefined; socket?: string | undefined } = {},
) {
  const docker = socket === undefined ? 'docker' : `docker -H ${quoted(socket)}`
  const there = ssh === undefined ? pulumi.output('') : sshTo(ssh)
  const grafana = monitoring?.grafana.name ?? ''
  return pulumi.all([there, bus.container.name, grafana]).apply(([line, busContainer, grafanaContainer]) => {
    const command = (inside: string, container = busContainer) => {
      const here = `${docker} exec ${container} ${inside}`
      return line === '' ? here : `${line} ${quoted(here)}`
    }
    const read = (file: string) => command(`/nodejs/bin/node -p 'fs.readFileSync("${file}", "utf8").trim()'`)
    return {
      busSecret: read(SECRET_FILES.BUS_SECRET_FILE),
      adminSecret: read(SECRET_FILES.BUS_ADMIN_SECRET_FILE),
      dashboardPassword: read(SECRET_FILES.DASHBOARD_PASSWORD_FILE),
      metricsToken: read(SECRET_FILES.BUS_METRICS_TOKEN_FILE),
      ...(grafanaContainer === ''
        ? {}
        : { grafanaPassword: command(`cat ${GRAFANA_PASSWORD_FILE}`, grafanaContainer) }),
      keyForADevice: command('intent-bus keys create pi'),
    }
  })
}

function sshTo({ destination, options }: SshAccess): pulumi.Output<string> {
  return pulumi
    .all([pulumi.all(options), pulumi.output(destination)])
    .apply(([given, to]) =>
      ['ssh', ...given.map(each => (/^[\w@%+=:,./-]+$/.test(each) ? each : quoted(each))), to].join(' '),
    )
}

/** One word of a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
