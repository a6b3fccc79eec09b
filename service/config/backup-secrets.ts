import { ConfigError } from './config-error.ts'
import { BACKUP_SECRET_NAMES, type BackupSecretName, readSecret } from './secret-variables.ts'
import type { Values } from './variables.ts'

export type BackupSecrets = Partial<Record<BackupSecretName, string>>

type Env = Readonly<Record<string, string | undefined>>

/** @throws {ConfigError} one cannot be read, or they do not go with each other and with the other settings */
export function readBackupSecrets(values: Values, env: Env, warn: (line: string) => void): BackupSecrets {
  const secrets: BackupSecrets = {}
  for (const name of BACKUP_SECRET_NAMES) {
    const given = readSecret(name, env, warn)
    if (given !== undefined) secrets[name] = given.value
  }
  if (values.BUS_BACKUP_RECIPIENT !== '' && secrets.BUS_BACKUP_PASSPHRASE !== undefined) {
    throw new ConfigError('BUS_BACKUP_RECIPIENT and BUS_BACKUP_PASSPHRASE are both set: set one of them.')
  }
  const encrypted = values.BUS_BACKUP_RECIPIENT !== '' || secrets.BUS_BACKUP_PASSPHRASE !== undefined
  if (values.BUS_BACKUP_WITH_SECRETS && !encrypted) {
    throw new ConfigError(
      'BUS_BACKUP_WITH_SECRETS is true: it takes BUS_BACKUP_RECIPIENT or BUS_BACKUP_PASSPHRASE as well, or whoever finds a backup has the bus.',
    )
  }
  const { BUS_BACKUP_S3_ACCESS_KEY: accessKey, BUS_BACKUP_S3_SECRET_KEY: secretKey } = secrets
  const parts = [values.BUS_BACKUP_S3_URL !== '', accessKey !== undefined, secretKey !== undefined]
  if (parts.includes(true) && parts.includes(false)) {
    throw new ConfigError(
      'BUS_BACKUP_S3_URL, BUS_BACKUP_S3_ACCESS_KEY and BUS_BACKUP_S3_SECRET_KEY go together: set all three of them, or none.',
    )
  }
  return secrets
}
