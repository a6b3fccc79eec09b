/** Secrets of one's own, put into the volumes of those who read them: no environment and no log ever has them. */
import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'

export type GivenSecrets = {
  /** The master API key. */
  busSecret?: pulumi.Input<string> | undefined
  /** Opens `/admin/*`. */
  adminSecret?: pulumi.Input<string> | undefined
  /** The dashboard's, for the user `admin`. */
  dashboardPassword?: pulumi.Input<string> | undefined
  /** Opens `/metrics`; Prometheus has it too. */
  metricsToken?: pulumi.Input<string> | undefined
  /** Grafana's, for the user `admin`: read at its first start. */
  grafanaPassword?: pulumi.Input<string> | undefined
}

/** Where each lies in the container that makes those that are missing: ops/image/make-secrets.js. */
const FILES: Record<keyof GivenSecrets, string> = {
  busSecret: '/secrets/bus/bus-secret',
  adminSecret: '/secrets/bus/admin-secret',
  dashboardPassword: '/secrets/bus/dashboard-password',
  metricsToken: '/secrets/metrics/bus-metrics-token',
  grafanaPassword: '/secrets/grafana/admin-password',
}

/** Where the bus is told to look for its own. */
export const SECRET_FILES = {
  BUS_SECRET_FILE: FILES.busSecret,
  BUS_ADMIN_SECRET_FILE: FILES.adminSecret,
  DASHBOARD_PASSWORD_FILE: FILES.dashboardPassword,
  BUS_METRICS_TOKEN_FILE: FILES.metricsToken,
} as const

/** Where Grafana is told to look for its own. */
export const GRAFANA_PASSWORD_FILE = FILES.grafanaPassword

/**
 * A container that carries them and is never started: Docker writes files into the volumes of one that it has only made.
 * The root of its file system is not read-only, or Docker would refuse; nothing ever runs in it. Its name is left to Pulumi, which
 * puts something random at the end: the next one comes before it goes, and no name says anything of what it carries.
 *
 * @returns nothing when no secret was given
 */
export function givenSecrets(
  resource: string,
  secrets: GivenSecrets,
  args: { image: pulumi.Input<string>; user: string; volumes: docker.ContainerArgs['volumes'] },
  opts: pulumi.CustomResourceOptions,
): docker.Container | undefined {
  const uploads = (Object.keys(FILES) as (keyof GivenSecrets)[]).flatMap(name => {
    const given = secrets[name]
    if (given === undefined) return []
    // Root's, so readable by all who have the volume, and nobody else has it.
    return [{ file: FILES[name], content: pulumi.secret(given), permissions: '0444' }]
  })
  if (uploads.length === 0) return undefined
  return new docker.Container(
    resource,
    {
      image: args.image,
      user: args.user,
      start: false,
      mustRun: false,
      restart: 'no',
      networkMode: 'none',
      capabilities: { drops: ['ALL'] },
      securityOpts: ['no-new-privileges:true'],
      volumes: args.volumes!,
      uploads,
    },
    pulumi.mergeOptions(opts, { deleteBeforeReplace: false, additionalSecretOutputs: ['uploads'] }),
  )
}
