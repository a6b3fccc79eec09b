import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { BackupSettings } from '../backup/backups.ts'
import { type Seal, sealer } from '../backup/seal.ts'
import { SECRETS_FILE } from '../secrets/first-start.ts'
import type { KeptFile } from '../store/sqlite/copy.ts'
import type { Config } from './config.ts'
import { ConfigError } from './config.ts'

/** The environment's names and seconds, as the backups' names and milliseconds. @param database the file */
export function backupSettings(config: Config, database: string): BackupSettings {
  const { values: v, backupSecrets } = config
  const { BUS_BACKUP_S3_ACCESS_KEY: accessKey, BUS_BACKUP_S3_SECRET_KEY: secretKey } = backupSecrets
  return {
    directory: v.BUS_BACKUP_DIR || join(dirname(database), 'backups'),
    intervalMs: v.BUS_BACKUP_INTERVAL * 1000,
    keepMs: v.BUS_BACKUP_KEEP * 1000,
    seal: sealOf(config),
    bucket:
      accessKey === undefined || secretKey === undefined
        ? null
        : {
            url: v.BUS_BACKUP_S3_URL,
            prefix: v.BUS_BACKUP_S3_PREFIX,
            region: v.BUS_BACKUP_S3_REGION,
            accessKey,
            secretKey,
          },
    leaveBytes: v.BUS_MIN_FREE_DISK_BYTES,
  }
}

function sealOf({ values, backupSecrets }: Config): Seal | null {
  if (values.BUS_BACKUP_RECIPIENT !== '') {
    return { recipients: values.BUS_BACKUP_RECIPIENT.split(',').map(each => each.trim()) }
  }
  const passphrase = backupSecrets.BUS_BACKUP_PASSPHRASE
  return passphrase === undefined ? null : { passphrase }
}

/** At the start, not at the first backup a day later. @throws {ConfigError} a recipient is mistyped */
export async function checkRecipients(seal: Seal | null): Promise<void> {
  if (seal === null || 'passphrase' in seal) return
  try {
    await sealer(seal)
  } catch (error) {
    throw new ConfigError(`BUS_BACKUP_RECIPIENT: ${(error as Error).message}`)
  }
}

/** What travels inside the backups, if it is asked for: what the environment sets is not among it. */
export function keptFiles({ values, dataDir, keyFile }: Config): KeptFile[] {
  if (!values.BUS_BACKUP_WITH_SECRETS) return []
  const files = { [SECRETS_FILE]: join(dataDir, SECRETS_FILE), 'bus.key': keyFile }
  return Object.entries(files).flatMap(([name, path]) => {
    try {
      return [{ name, text: readFileSync(path, 'utf8') }]
    } catch (error) {
      // Where the environment sets all four, there is no secrets.env.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  })
}
