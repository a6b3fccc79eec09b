/** Which bus is looked at from outside, and what opens it: for `npm run smoke` and `npm run conformance`. */
import { Failure } from '../../../clients/cli/src/failure.ts'
import { givenSecret } from '../../../clients/cli/src/secrets.ts'
import { settingsOf } from '../../../clients/cli/src/settings.ts'

export type Env = Readonly<Record<string, string | undefined>>

/** The bus, and what opens it. */
export type Target = {
  url: string
  key: string | undefined
  adminToken: string | undefined
  metricsToken: string | undefined
  /** Stops and starts the bus: a command for the shell. */
  restart: string | undefined
}

export type Needed = 'key' | 'adminToken' | 'metricsToken' | 'restart'

/** @throws {Failure} */
export function addressIn(positionals: readonly string[]): string {
  const [given, ...more] = positionals
  if (given === undefined || more.length > 0) {
    throw new Failure(`It takes one URL; it got ${positionals.length}. --help shows what there is.`)
  }
  const url = URL.parse(given)
  if (
    url === null ||
    !['http:', 'https:'].includes(url.protocol) ||
    url.username !== '' ||
    url.search !== ''
  ) {
    throw new Failure(`The URL takes http:// or https://, a host and perhaps a path; it got "${given}".`)
  }
  return url.origin + url.pathname.replace(/(?<!\/)\/+$/, '')
}

/** What the environment, or a profile, has for it. @throws {Failure} */
export function targetOf(
  url: string,
  given: { profile?: string; restart?: string; [other: string]: unknown },
  env: Env,
): Target {
  const { key, adminToken } = settingsOf({ url, profile: given.profile }, env)
  const variable = (name: string) => ({ name, value: env[name] })
  const metrics = givenSecret(variable('BUS_METRICS_TOKEN'), variable('BUS_METRICS_TOKEN_FILE'))
  return { url, key, adminToken, metricsToken: metrics?.value, restart: given.restart }
}
