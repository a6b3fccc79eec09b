import type { Chance } from '../broker/identity.ts'
import type { Clock } from '../clock.ts'
import { backupSettings, checkRecipients, keptFiles } from '../config/backup-settings.ts'
import type { Config } from '../config/config.ts'
import type { CopySource } from '../store/store.ts'
import { type BackupObserver, Backups } from './backups.ts'

export type BackupParts = {
  config: Config
  source: CopySource
  clock: Clock
  chance: Chance
  observer: BackupObserver
  /** The time of this machine, in ms since 1970. */
  wallNow: () => number
  log: { info(line: string): void; error(line: string): void }
}

/**
 * @returns `null` for an engine that has a tool of its own
 * @throws {ConfigError} a recipient is mistyped
 */
export async function openBackups({ config, source, log, ...others }: BackupParts): Promise<Backups | null> {
  if (!('file' in source)) return null
  const settings = backupSettings(config, source.file)
  await checkRecipients(settings.seal)
  return new Backups({
    source: source.file,
    settings,
    keep: () => keptFiles(config),
    log: { info: line => log.info(line), error: line => log.error(line) },
    ...others,
  })
}
