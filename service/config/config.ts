/** Settings: the environment, read once, at the start. The table itself is in `config/variables.ts`. */
import { dirname, join } from 'node:path'
import { type BackupSecrets, readBackupSecrets } from './backup-secrets.ts'
import { ConfigError } from './config-error.ts'
import { givenText, readValue } from './read-value.ts'
import { type GivenSecret, readSecret, SECRET_NAMES, type SecretName } from './secret-variables.ts'
import { shown } from './shown.ts'
import { unknownVariables } from './unknown.ts'
import { VARIABLES, type Values } from './variables.ts'

export { ConfigError } from './config-error.ts'

export type Env = Readonly<Record<string, string | undefined>>

export type Config = {
  /** Every variable but the secrets, under its own name and in its own unit. */
  values: Values
  /** Where the database, the secrets and the sealing key are kept. */
  dataDir: string
  keyFile: string
  /** Secrets that the environment sets; those it doesn't are kept in the data directory. */
  secrets: Partial<Record<SecretName, GivenSecret>>
  backupSecrets: BackupSecrets
  /** Lines for the log: settings that work and are probably not what was meant. */
  warnings: string[]
}

/**
 * An empty variable counts as unset: that is what `NAME=` in an env file means.
 *
 * @throws {ConfigError} on values that the bus can't use: all that are wrong by themselves, or else the first that does not go with others
 */
export function readConfig(env: Env): Config {
  const values = readValues(env)
  const largest = (['BUS_MAX_PAYLOAD_BYTES', 'BUS_MAX_RESULT_BYTES', 'BUS_MAX_VALUE_BYTES'] as const).find(
    name => values[name] > values.BUS_MAX_BODY_BYTES,
  )
  if (largest !== undefined) {
    throw new ConfigError(
      `BUS_MAX_BODY_BYTES is ${values.BUS_MAX_BODY_BYTES}: it takes at least what ${largest} is (${values[largest]}).`,
    )
  }

  const dataDir = dirname(values.BUS_DB_PATH)
  const warnings = unknownVariables(env)
  const warn = (line: string) => warnings.push(line)
  const secrets: Config['secrets'] = {}
  for (const name of SECRET_NAMES) {
    const given = readSecret(name, env, warn)
    if (given !== undefined) secrets[name] = given
  }
  return {
    values,
    dataDir,
    keyFile: values.BUS_KEY_FILE || join(dataDir, 'bus.key'),
    secrets,
    backupSecrets: readBackupSecrets(values, env, warn),
    warnings,
  }
}

function readValues(env: Env): Values {
  const values: Record<string, unknown> = {}
  const faults: string[] = []
  for (const name of Object.keys(VARIABLES) as (keyof Values)[]) {
    const value = readValue(name, env)
    if (value === undefined)
      faults.push(`${name} is ${shown(givenText(name, env)!)}: it takes ${VARIABLES[name].takes}.`)
    values[name] = value
  }
  if (faults.length > 0) throw new ConfigError(faults.join('\n'))
  return values as Values
}
