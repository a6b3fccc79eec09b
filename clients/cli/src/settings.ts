/**
 * Which bus, and who asks. One source as a whole, never a key of one with the address of another:
 *
 * 1. `--profile NAME`
 * 2. the environment, when it has `BUS_URL` or a key
 * 3. the default profile of the config file
 * 4. a bus of this directory: `./data/bus.url` and `./data/secrets.env`, as `npm start` makes them; `--profile .` names it
 *
 * `--url` takes the place of the address, and then only the environment may give the key, or a profile that was named
 * by `--profile`: one that `BUS_PROFILE` names is a habit, and its key is not sent wherever an address leads.
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseEnv } from 'node:util'
import { givenText, readValue } from '@intent-bus/service/config/read-value'
import { CLONE } from './clone.ts'
import { EXIT } from './exit-codes.ts'
import { Failure, type Origins } from './failure.ts'
import { COMMAND } from './invocation.ts'
import { configPath, profileNamed, readProfiles } from './profiles.ts'
import { givenSecret, readSecretFile } from './secrets.ts'

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
  /** Where each comes from, to be named when it is wrong. */
  origins: Origins
  /** It is a bus of this directory, whether it runs or not. */
  ofThisDirectory?: true
  /** What may be a surprise: that it is another bus than that of this directory. */
  aside?: string
}

/** The last is what the Python SDK reads. `BUS_KEY_FILE` is the bus's own, for something else. */
const KEYS = ['BUS_API_KEY', 'BUS_API_KEY_FILE', 'INTENT_API_KEY'] as const
const ADMIN_TOKENS = ['BUS_ADMIN_TOKEN', 'BUS_ADMIN_TOKEN_FILE'] as const

/** The bus's own, which the command takes where it finds no other key. */
const THIS_BUS = ['BUS_SECRET', 'BUS_SECRET_FILE', 'BUS_ADMIN_SECRET', 'BUS_ADMIN_SECRET_FILE'] as const
/** In the place of a profile: no name of one begins with a dot. */
const HERE = '.'

const LOCAL_URL = 'http://localhost:8080'

/** @throws {Failure} when something is set that cannot be used */
export function settingsOf(flags: Flags, env: Env): Settings {
  const found = sourceOf(flags, env)
  const { url } = flags
  const { none: _, ...origins } = found.origins
  return {
    ...found,
    ...(url === undefined ? {} : { url, source: `--url, and ${found.source}` }),
    origins: url === undefined ? found.origins : { ...origins, address: url, url: '--url' },
    namespace: flags.namespace ?? found.namespace,
    sign: flags.sign ?? found.sign,
  }
}

function sourceOf(flags: Flags, env: Env): Settings {
  const isSet = (name: string) => Boolean(env[name])
  const habit = env['BUS_PROFILE'] || undefined
  if (flags.profile === HERE || (flags.profile === undefined && flags.url === undefined && habit === HERE))
    return fromThisDirectory(env)
  if (flags.profile !== undefined) return fromProfile(flags.profile, env)
  if (habit !== undefined && flags.url === undefined) return fromProfile(habit, env)
  if (habit !== undefined && ![...KEYS, ...ADMIN_TOKENS].some(isSet)) {
    throw new Failure(
      `The key of the profile ${habit}, which BUS_PROFILE names, is not sent to the address of --url.`,
      EXIT.usage,
      `Say so if it is to be: --profile ${habit} --url … Or set BUS_API_KEY for that address.`,
    )
  }
  if (flags.url !== undefined || ['BUS_URL', ...KEYS].some(isSet)) return fromEnv(env)
  const { default: chosen } = readProfiles(env)
  if (chosen === undefined) return fromThisDirectory(env)
  const found = fromProfile(chosen, env)
  const { dir, files } = filesHere(env)
  return files.length === 0
    ? found
    : {
        ...found,
        aside: `This is the bus of the default profile ${chosen}, ${found.url}, not that of ${dir}. For that one: --profile ${HERE}`,
      }
}

/** What a bus of this directory has left. */
function filesHere(env: Env): { dir: string; files: string[] } {
  const dir = env['BUS_DB_PATH'] ? dirname(env['BUS_DB_PATH']) : 'data'
  return {
    dir,
    files: [join(dir, 'bus.url'), join(dir, 'secrets.env')].filter(file => existsSync(file)),
  }
}

function fromEnv(env: Env): Settings {
  const key =
    givenSecret(variable('BUS_API_KEY', env), variable('BUS_API_KEY_FILE', env)) ??
    givenSecret(variable('INTENT_API_KEY', env))
  const adminToken = givenSecret(variable('BUS_ADMIN_TOKEN', env), variable('BUS_ADMIN_TOKEN_FILE', env))
  const url = env['BUS_URL'] || LOCAL_URL
  return {
    url,
    key: key?.value,
    adminToken: adminToken?.value,
    namespace: env['BUS_NAMESPACE'] || undefined,
    sign: truth('BUS_SIGN', env['BUS_SIGN']),
    source: 'the environment (BUS_URL, BUS_API_KEY, …)',
    origins: {
      address: url,
      ...(env['BUS_URL']
        ? { url: 'BUS_URL' }
        : {
            url: undefined,
            none: `BUS_URL is not set, and no bus runs at ${LOCAL_URL}. Set BUS_URL to its address.`,
          }),
      key: key?.origin,
      adminToken: adminToken?.origin,
    },
  }
}

function fromProfile(name: string, env: Env): Settings {
  const profile = profileNamed(name, env)
  const field = (which: 'key' | 'key_file' | 'admin_token' | 'admin_token_file') => ({
    name: `${which} of the profile ${name}`,
    value: profile[which],
  })
  const key = givenSecret(field('key'), field('key_file'))
  const adminToken = givenSecret(field('admin_token'), field('admin_token_file'))
  return {
    url: profile.url,
    key: key?.value,
    adminToken: adminToken?.value,
    namespace: profile.namespace ?? (env['BUS_NAMESPACE'] || undefined),
    sign: profile.sign ?? false,
    source: `the profile ${name}`,
    origins: {
      address: profile.url,
      url: `the profile ${name} in ${configPath(env)}`,
      key: key?.origin,
      adminToken: adminToken?.origin,
    },
  }
}

/** What `npm start` leaves beside its database. */
function fromThisDirectory(env: Env): Settings {
  const dir = dirname(readValue('BUS_DB_PATH', env) ?? env['BUS_DB_PATH']!)
  const [noted, file] = [join(dir, 'bus.url'), join(dir, 'secrets.env')]
  const given = THIS_BUS.find(name => env[name])
  // A directory that was unpacked from somewhere may name any address: it gets no key that it does not hold.
  const isTrusted = given === undefined || Boolean(env['BUS_DB_PATH'])
  const secrets = existsSync(file) ? parseEnv(readSecretFile(file, file)) : {}
  const here = { name: file, value: secrets['BUS_SECRET'] }
  const admin = { name: file, value: secrets['BUS_ADMIN_SECRET'] }
  const key = givenSecret(variable('BUS_SECRET', env), variable('BUS_SECRET_FILE', env)) ?? givenSecret(here)
  const adminToken =
    givenSecret(variable('BUS_ADMIN_SECRET', env), variable('BUS_ADMIN_SECRET_FILE', env)) ??
    givenSecret(admin)
  const port = givenText('PORT', env)
  const url = isTrusted && existsSync(noted) ? readSecretFile(noted, noted).trim() : ''
  const files = [...(url === '' ? [] : [noted]), ...(Object.keys(secrets).length === 0 ? [] : [file])]
  const address = url || (port ? `http://localhost:${port}` : LOCAL_URL)
  return {
    url: address,
    key: key?.value,
    adminToken: adminToken?.value,
    namespace: env['BUS_NAMESPACE'] || undefined,
    sign: truth('BUS_SIGN', env['BUS_SIGN']),
    ofThisDirectory: true,
    source:
      files.length === 0
        ? 'nowhere: no profile, no BUS_API_KEY, no ./data/secrets.env'
        : `${files.join(' and ')}, of the bus of this directory`,
    origins: {
      address,
      ...(url
        ? { url: `${noted}, which a bus that was killed leaves behind` }
        : port
          ? { url: 'PORT' }
          : { url: undefined, none: noneHere(dir, isTrusted ? undefined : given) }),
      key: key?.origin,
      adminToken: adminToken?.origin,
    },
  }
}

/** @param given the variable whose key is not sent to the address that the directory names */
function noneHere(dir: string, given: string | undefined): string {
  if (given !== undefined && existsSync(join(dir, 'bus.url')))
    return `${join(dir, 'bus.url')} is not used, as the key is in ${given}: set BUS_URL and BUS_API_KEY, or BUS_DB_PATH.`
  return existsSync(dir)
    ? `No bus runs in this directory. Start it with ${CLONE === null ? `${COMMAND} serve` : 'npm start'}.`
    : `No bus runs in this directory. Start one with ${CLONE === null ? `${COMMAND} serve` : 'npm start in its clone'}, or set BUS_URL to the address of one.`
}

const variable = (name: string, env: Env) => ({ name, value: env[name] })

function truth(name: string, value: string | undefined): boolean {
  if (value === undefined || value === '' || value === 'false' || value === '0') return false
  if (value === 'true' || value === '1') return true
  throw new Failure(`${name} takes true or false; it got "${value}".`)
}
