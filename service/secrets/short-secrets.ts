/** Secrets that come over the network and are short enough to be guessed there. */
import { statSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import { ConfigError } from '../config/config-error.ts'
import { SECRET_NAMES, SECRETS, type SecretName } from '../config/secret-variables.ts'
import { isSwitching } from '../store/sqlite/switching.ts'
import { keptSecrets, SECRETS_FILE } from './first-start.ts'
import { errorCode } from './secrets-error.ts'
import type { Kept } from './secrets-file.ts'

/** Whether it has fewer characters than its `least` in `SECRETS`. Those outside of the basic plane count once. */
export const isShort = (name: SecretName, value: string): boolean => [...value].length < SECRETS[name].least

/** What is wrong with such a secret, and what to do; never its value. */
export const shortSecretWarning = (name: SecretName): string =>
  `${name} is shorter than ${SECRETS[name].least} characters and could be guessed. Make a longer one: openssl rand -hex 32`

/** @param kept what the data directory has for those that the environment does not set */
export function shortSecretsOf({ secrets }: Config, kept: Kept): SecretName[] {
  return SECRET_NAMES.filter(name => {
    const value = secrets[name]?.value ?? kept[name]
    return value !== undefined && isShort(name, value)
  })
}

/**
 * A bus that has never run can still have better secrets. One that has a database starts, as it did before: its clients use them.
 * Call it before the store is opened, which makes the database.
 *
 * @throws {ConfigError} a line for each secret that is too short, and what to do
 * @throws {SecretsError} `secrets.env` is there and cannot be used
 */
export function refuseShortSecretsAtFirst(config: Config, warn: (line: string) => void): void {
  if (config.values.BUS_ALLOW_SHORT_SECRETS || !isNew(config.values.BUS_DB_PATH)) return
  const areAllGiven = SECRET_NAMES.every(name => config.secrets[name] !== undefined)
  const short = shortSecretsOf(config, areAllGiven ? {} : keptSecrets(config.dataDir, warn))
  if (short.length === 0) return
  const lines = short.map(
    name =>
      `${name}${placeOf(name, config)} is shorter than ${SECRETS[name].least} characters and could be guessed.`,
  )
  throw new ConfigError(
    `${lines.join('\n')}\nA new bus does not start with that; nothing was made. Make longer secrets (openssl rand -hex 32), or leave them out and the bus makes them. BUS_ALLOW_SHORT_SECRETS=true starts it all the same.`,
  )
}

/**
 * An empty file is what a start leaves that was killed before its first commit. A restore that was cut short may have left the old
 * database under another name, from which the store takes it back. What cannot be looked at is left to the store to name.
 */
function isNew(database: string): boolean {
  try {
    return !isSwitching(database) && statSync(database).size === 0
  } catch (error) {
    return errorCode(error) === 'ENOENT'
  }
}

function placeOf(name: SecretName, { secrets, dataDir }: Config): string {
  const source = secrets[name]?.source
  if (source === undefined) return ` in ${dataDir}/${SECRETS_FILE}`
  return source.from === 'file' ? ` in ${source.path}` : ''
}
