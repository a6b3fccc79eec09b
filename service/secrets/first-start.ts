/** A bus is never open for want of a secret: what the environment does not set is made once and kept. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type GivenSecret, SECRET_NAMES, type SecretName } from '../config/secret-variables.ts'
import { readPrivateFile, writePrivateFile } from './private-file.ts'
import { formatSecretsFile, type Kept, parseSecretsFile } from './secrets-file.ts'

export const SECRETS_FILE = 'secrets.env'

export type Secrets = {
  values: Record<SecretName, string>
  /** Where the values that the environment does not set are kept. */
  file: string
  /** Whether any of them is kept there. */
  areKept: boolean
  /** Made just now, for the log; names only. */
  made: SecretName[]
}

/** 256 bits each; the password, which people type, has 144. */
const MAKE: Record<SecretName, () => string> = {
  BUS_SECRET: () => `mk_${randomBytes(32).toString('base64url')}`,
  BUS_ADMIN_SECRET: () => randomBytes(32).toString('base64url'),
  DASHBOARD_PASSWORD: () => randomBytes(18).toString('base64url'),
  BUS_METRICS_TOKEN: () => randomBytes(32).toString('base64url'),
}

/**
 * Call it with the store open: its lock keeps two first starts from making two sets of secrets.
 *
 * @param given what the environment sets; it wins, and is never written to the file
 * @throws {SecretsError} the file is there and can't be used, or can't be made
 */
export function ensureSecrets(
  dataDir: string,
  given: Partial<Record<SecretName, GivenSecret>>,
  warn: (line: string) => void,
): Secrets {
  const file = join(dataDir, SECRETS_FILE)
  const wanted = SECRET_NAMES.filter(name => given[name] === undefined)
  const kept = wanted.length === 0 ? {} : keptSecrets(dataDir, warn)
  const made = wanted.filter(name => kept[name] === undefined)
  for (const name of made) kept[name] = MAKE[name]()
  if (made.length > 0) {
    writePrivateFile(file, formatSecretsFile(kept), `make its directory writable, or set ${made.join(', ')}.`)
  }
  const values = Object.fromEntries(
    SECRET_NAMES.map(name => [name, given[name]?.value ?? kept[name]]),
  ) as Secrets['values']
  return { values, file, areKept: wanted.length > 0, made }
}

/** What an earlier start has made, if there was one. @throws {SecretsError} */
export function keptSecrets(dataDir: string, warn: (line: string) => void): Kept {
  const file = join(dataDir, SECRETS_FILE)
  const text = readPrivateFile(file, warn)
  return text === undefined ? {} : parseSecretsFile(text, file)
}
