import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { IntentBus } from '@intent-bus/client/index'
import type { Finding } from '../doctor/finding.ts'
import type { Host } from './host.ts'
import { urlOf } from './network.ts'

/** What the bus that runs here has seen of proxies. It tells admins only. */
export async function proxyFinding(host: Host, isRunning: boolean): Promise<Finding> {
  const check = 'proxy'
  const trusted = host.config.values.BUS_TRUST_PROXY
  if (!isRunning || host.port === null) return { check, state: 'skipped', detail: 'no bus runs here to ask' }
  const adminToken = adminTokenOf(host)
  if (adminToken === undefined) {
    return {
      check,
      state: 'skipped',
      detail: 'there is no admin token to ask the bus with (BUS_ADMIN_SECRET)',
    }
  }
  try {
    const bus = new IntentBus({ url: urlOf(host.address, host.port), adminToken, retries: 0 })
    const { proxyUnknown } = await bus.admin.overview()
    if (!proxyUnknown) {
      return {
        check,
        state: 'ok',
        detail: trusted > 0 ? `${trusted} in front, as it was told` : 'none was seen',
      }
    }
    const detail = 'requests come with X-Forwarded-For, which the bus ignores: all clients have one address'
    return {
      check,
      state: 'warning',
      detail,
      cure: 'Set BUS_TRUST_PROXY to the number of proxies in front, and restart.',
    }
  } catch (error) {
    return { check, state: 'skipped', detail: `the bus did not say: ${(error as Error).message}` }
  }
}

function adminTokenOf({ config, secretsFile }: Host): string | undefined {
  const given = config.secrets.BUS_ADMIN_SECRET?.value
  if (given !== undefined || !existsSync(secretsFile)) return given
  try {
    return parseEnv(readFileSync(secretsFile, 'utf8'))['BUS_ADMIN_SECRET']
  } catch {
    return undefined
  }
}
