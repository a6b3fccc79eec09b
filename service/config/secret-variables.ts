import { readFileSync } from 'node:fs'
import { ConfigError } from './config-error.ts'

/**
 * The secrets: each may also come from the file that `<NAME>_FILE` names. `least`: with fewer characters it can be guessed
 * over the network, at `BUS_AUTH_FAILURE_LIMIT` guesses a minute from each of many addresses.
 */
export const SECRETS = {
  BUS_SECRET: {
    meaning: 'The master API key: no rate limit, no cap on open intents.',
    takes: 'up to 512 printable ASCII characters, no space at either end',
    least: 16,
    pattern: /^[\x21-\x7e](?:[\x20-\x7e]{0,510}[\x21-\x7e])?$/,
  },
  BUS_ADMIN_SECRET: {
    meaning: 'Opens `/admin/*` when sent as `X-Admin-Token`.',
    takes: 'up to 512 printable ASCII characters, no space at either end',
    least: 16,
    pattern: /^[\x21-\x7e](?:[\x20-\x7e]{0,510}[\x21-\x7e])?$/,
  },
  DASHBOARD_PASSWORD: {
    meaning: 'Password of the user `admin` in a browser.',
    takes: 'up to 512 characters, no control characters',
    least: 12,
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    pattern: /^[^\x00-\x1f\x7f]{1,512}$/,
  },
  BUS_METRICS_TOKEN: {
    meaning: 'Opens `/metrics` when sent as a bearer token.',
    takes: 'up to 512 printable ASCII characters, no space',
    least: 16,
    pattern: /^[\x21-\x7e]{1,512}$/,
  },
} as const

/** Those that only backups need: never made, because nobody could open what they close. */
export const BACKUP_SECRETS = {
  BUS_BACKUP_PASSPHRASE: {
    meaning: 'Backups are encrypted with this, where there is no recipient.',
    takes: '16 to 512 characters, no control characters',
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    pattern: /^[^\x00-\x1f\x7f]{16,512}$/,
  },
  BUS_BACKUP_S3_ACCESS_KEY: {
    meaning: 'The id of the key for the bucket.',
    takes: 'up to 512 printable ASCII characters, no space',
    pattern: /^[\x21-\x7e]{1,512}$/,
  },
  BUS_BACKUP_S3_SECRET_KEY: {
    meaning: 'That key.',
    takes: 'up to 512 printable ASCII characters, no space',
    pattern: /^[\x21-\x7e]{1,512}$/,
  },
} as const

export type BackupSecretName = keyof typeof BACKUP_SECRETS
export const BACKUP_SECRET_NAMES = Object.keys(BACKUP_SECRETS) as BackupSecretName[]

type AnyName = SecretName | BackupSecretName
const ALL = { ...SECRETS, ...BACKUP_SECRETS }

export type SecretName = keyof typeof SECRETS
export const SECRET_NAMES = Object.keys(SECRETS) as SecretName[]

export type SecretSource<Name = SecretName> =
  | { from: 'variable'; name: Name }
  | { from: 'file'; path: string }
export type GivenSecret<Name = SecretName> = { value: string; source: SecretSource<Name> }

type Env = Readonly<Record<string, string | undefined>>

/**
 * @param warn hears of a file with more in it than the secret, as it seems
 * @returns `undefined` when neither `NAME` nor `NAME_FILE` is set
 * @throws {ConfigError} both are set, the file can't be read, or the value can't be sent in a header
 */
export function readSecret<Name extends AnyName>(
  name: Name,
  env: Env,
  warn: (line: string) => void,
): GivenSecret<Name> | undefined {
  const direct = env[name] || undefined
  const path = env[`${name}_FILE`] || undefined
  if (direct !== undefined && path !== undefined) {
    throw new ConfigError(`${name} and ${name}_FILE are both set: set one of them.`)
  }
  if (direct !== undefined) {
    check(name, name, direct)
    return { value: direct, source: { from: 'variable', name } }
  }
  if (path === undefined) return undefined
  const value = readSecretFile(name, path)
  check(`${name}_FILE`, name, value, path)
  if (isDressed(value))
    warn(
      `${name}_FILE names ${path}, which takes the secret alone: the name or the quotes around it are taken as a part of it.`,
    )
  return { value, source: { from: 'file', path } }
}

/** As in a file of variables: `NAME=value`, or in quotes. A secret may look so all the same. */
export const isDressed = (secret: string): boolean =>
  /^[A-Za-z_]\w*=/.test(secret) || /^(["']).*\1$/.test(secret)

function readSecretFile(name: AnyName, path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/(?<!\n)(?:\r?\n)+$/, '')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    throw new ConfigError(
      `${name}_FILE names ${path}, which cannot be read (${code}): it takes a readable file.`,
    )
  }
}

function check(variable: string, name: AnyName, value: string, path?: string): void {
  const { pattern, takes } = ALL[name]
  if (pattern.test(value)) return
  const got = path === undefined ? '' : ` names ${path}, which`
  const fault = value === '' ? 'is empty' : `holds something else (${value.length} characters, not shown)`
  throw new ConfigError(`${variable}${got} ${fault}: it takes ${takes}.`)
}
