/** A web service at Render, as render.yaml describes it. */
import * as pulumi from '@pulumi/pulumi'
import { DEPLOYMENT } from '../../ops/deployment.ts'
import type { SecretName } from '../../service/config/secret-variables.ts'
import type { Config } from '../config/of-stack.ts'
import { RenderService } from '../render/render-service.ts'
import type { RenderSource } from '../render/service-inputs.ts'
import type { Outputs } from './docker.ts'

/** Given by the configuration, or made by Render. */
const SECRETS = {
  BUS_SECRET: 'busSecret',
  BUS_ADMIN_SECRET: 'adminSecret',
  DASHBOARD_PASSWORD: 'dashboardPassword',
  BUS_METRICS_TOKEN: 'metricsToken',
} as const satisfies Record<SecretName, keyof Config['secrets']>

/** Render ends TLS, and says so. PORT is its own. */
const ENVIRONMENT = {
  BUS_DB_PATH: DEPLOYMENT.database,
  BUS_TRUST_PROXY: '1',
  BUS_ENFORCE_HTTPS: 'true',
}

export function renderTarget(config: Config): Outputs {
  const given: Record<string, pulumi.Output<string>> = {}
  const generated: string[] = []
  for (const name of DEPLOYMENT.secrets) {
    const secret = config.secrets[SECRETS[name]]
    if (secret === undefined) generated.push(name)
    else given[name] = secret
  }
  const service = new RenderService('bus', {
    name: config.name,
    ownerId: config.workspace,
    source: sourceOf(config),
    region: config.region,
    plan: config.plan,
    healthCheckPath: DEPLOYMENT.live,
    disk: { name: `${config.name}-data`, mountPath: DEPLOYMENT.data, sizeGB: config.diskSize },
    environment: { ...ENVIRONMENT, ...config.settings },
    secretEnvironment: given,
    generated,
    deleteData: config.deleteData,
    ...(process.env['RENDER_API_URL'] ? { apiUrl: process.env['RENDER_API_URL'] } : {}),
  })
  return {
    url: service.url,
    dashboard: service.dashboardUrl,
    secrets: pulumi.interpolate`${service.dashboardUrl}/env`,
  }
}

/** @throws {pulumi.RunError} when there is none, or two */
function sourceOf({ image, repo, branch, commit, registryCredential }: Config): RenderSource {
  if ((image === '') === (repo === '')) {
    throw new pulumi.RunError(
      'render takes either repo, which it builds, or image, which it pulls: set one of them, and not both.',
    )
  }
  if (image !== '') {
    return { image, ...(registryCredential === '' ? {} : { registryCredentialId: registryCredential }) }
  }
  return { repo, ...(branch === '' ? {} : { branch }), ...(commit === '' ? {} : { commit }) }
}
