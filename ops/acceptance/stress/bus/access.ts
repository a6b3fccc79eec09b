/** Which bus, and what opens it: as the command line of the bus finds it, in clients/cli/src/settings.ts. */
import { settingsOf } from '../../../../clients/cli/src/settings.ts'
import { StressError } from '../stress-error.ts'
import type { Access } from './bus-client.ts'

type Env = Readonly<Record<string, string | undefined>>

/**
 * The key is BUS_API_KEY or BUS_API_KEY_FILE, or that of a profile of the config file. For an address of this machine
 * ./data/secrets.env will do too; it is sent nowhere else.
 *
 * @param named a profile of the config file, whose key is taken @throws {StressError | Failure}
 */
export function accessTo(url: string, named: string | undefined, sign: boolean, env: Env): Access {
  const { hostname } = addressOf(url)
  const isLocal = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
  const asked = settingsOf({ url, profile: named }, env)
  const found = asked.key === undefined && isLocal ? settingsOf({}, env) : asked
  if (found.key === undefined) {
    throw new StressError(
      `There is no key for ${shown(url)}. Set BUS_API_KEY or BUS_API_KEY_FILE; the master key has no rate limit.`,
    )
  }
  return { url, key: found.key, adminToken: found.adminToken, sign: sign || asked.sign }
}

/** The other bus of `--against`: BUS_AGAINST_API_KEY and BUS_AGAINST_ADMIN_TOKEN, else the first one's. */
export function accessToOther(url: string, first: Access, env: Env): Access {
  addressOf(url)
  const key = env['BUS_AGAINST_API_KEY']
  if (key) return { url, key, adminToken: env['BUS_AGAINST_ADMIN_TOKEN'] || undefined, sign: first.sign }
  return { ...first, url }
}

/** @throws {StressError} */
function addressOf(url: string): URL {
  try {
    const parsed = new URL(url)
    if (parsed.protocol === 'http:' || parsed.protocol === 'https:') return parsed
  } catch {
    // Told below.
  }
  throw new StressError(
    `The address of a bus is one such as https://bus.example.com or http://localhost:8080; this is not: ${url.slice(0, 80)}`,
  )
}

/** Without a password that may stand in it. */
export function shown(url: string): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname.replace(/(?<!\/)\/+$/, '')
}
