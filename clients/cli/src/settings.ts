/**
 * Which bus, and who asks. One source as a whole, never a key of one with the address of another:
 *
 * 1. `--profile NAME`
 * 2. the environment, when it has `BUS_URL` or a key
 * 3. the default profile of the config file
 * 4. a bus of this directory: `./data/secrets.env`, as `npm start` makes it
 *
 * `--url` takes the place of the address, and then only the environment may give the key, or a profile that was named.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseEnv } from 'node:util'
import { Failure } from './failure.ts'
import { type Profile, profileNamed, readProfiles } from './profiles.ts'

export type Flags = {
  url?: string | undefined
  profile?: string | undefined
  namespace?: string | undefined
  sign?: boolean | undefined
}
type Env = Readonly<Record<string, string | undefined>>

export type Settings = {
  url: string
  key: string | undefined
  adminToken: string | undefined
  namespace: string | undefined
  sign: boolean
  /** Where they come from, for people. */
  source: string
}

/** The last is what the Python SDK reads. `BUS_KEY_FILE` is the bus's own, for something else. */
const KEYS = ['BUS_API_KEY', 'BUS_API_KEY_FILE', 'INTENT_API_KEY'] as const

const LOCAL_URL = 'http://localhost:8080'

/** @throws {Failure} when something is set that cannot be used */
export function settingsOf(flags: Flags, env: Env): Settings {
  const found = sourceOf(flags, env)
  return {
    ...found,
    url: flags.url ?? found.url,
    namespace: flags.namespace ?? found.namespace,
    sign: flags.sign ?? found.sign,
    source: flags.url === undefined ? found.source : `--url, and ${found.source}`,
  }
}

function sourceOf(flags: Flags, env: Env): Settings {
  const named = flags.profile ?? env['BUS_PROFILE']
  if (named !== undefined) return fromProfile(named, profileNamed(named, env), env)
  if (flags.url !== undefined || ['BUS_URL', ...KEYS].some(name => env[name])) return fromEnv(env)
  const { default: chosen } = readProfiles(env)
  if (chosen !== undefined) return fromProfile(chosen, profileNamed(chosen, env), env)
  return fromThisDirectory(env)
}

function fromEnv(env: Env): Settings {
  return {
    url: env['BUS_URL'] || LOCAL_URL,
    key: secret('BUS_API_KEY', env['BUS_API_KEY'], env['BUS_API_KEY_FILE']) ?? env['INTENT_API_KEY'],
    adminToken: secret('BUS_ADMIN_TOKEN', env['BUS_ADMIN_TOKEN'], env['BUS_ADMIN_TOKEN_FILE']),
    namespace: env['BUS_NAMESPACE'] || undefined,
    sign: truth('BUS_SIGN', env['BUS_SIGN']),
    source: 'the environment (BUS_URL, BUS_API_KEY, …)',
  }
}

function fromProfile(name: string, profile: Profile, env: Env): Settings {
  return {
    url: profile.url,
    key: secret(`key of the profile ${name}`, profile.key, profile.key_file),
    adminToken: secret(`admin_token of the profile ${name}`, profile.admin_token, profile.admin_token_file),
    namespace: profile.namespace ?? (env['BUS_NAMESPACE'] || undefined),
    sign: profile.sign ?? false,
    source: `the profile ${name}`,
  }
}

/** What `npm start` leaves beside its database at its first start. */
function fromThisDirectory(env: Env): Settings {
  const file = join(env['BUS_DB_PATH'] ? dirname(env['BUS_DB_PATH']) : 'data', 'secrets.env')
  const secrets = existsSync(file) ? parseEnv(readSecret(file, file)) : {}
  const none = Object.keys(secrets).length === 0
  return {
    url: env['PORT'] ? `http://localhost:${env['PORT']}` : LOCAL_URL,
    key: env['BUS_SECRET'] || secrets['BUS_SECRET'],
    adminToken: env['BUS_ADMIN_SECRET'] || secrets['BUS_ADMIN_SECRET'],
    namespace: env['BUS_NAMESPACE'] || undefined,
    sign: truth('BUS_SIGN', env['BUS_SIGN']),
    source: none
      ? 'nowhere: no profile, no BUS_API_KEY, no ./data/secrets.env'
      : `${file}, of the bus of this directory`,
  }
}

function secret(what: string, value: string | undefined, file: string | undefined): string | undefined {
  if (value) return value
  return file ? readSecret(what, file).trim() : undefined
}

function readSecret(what: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Failure(`${what}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`)
  }
}

function truth(name: string, value: string | undefined): boolean {
  if (value === undefined || value === '' || value === 'false' || value === '0') return false
  if (value === 'true' || value === '1') return true
  throw new Failure(`${name} takes true or false; it got "${value}".`)
}
