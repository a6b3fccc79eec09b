import { existsSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { backupSettings, checkRecipients, keptFiles } from '../config/backup-settings.ts'
import type { Config } from '../config/config.ts'
import { refuseDamagedLog } from '../store/sqlite/log/refuse.ts'
import { takeOwnership } from '../store/sqlite/ownership.ts'
import { BackupFault } from './fault.ts'
import { removeLeftCopy } from './left-copy.ts'
import { type Made, makeBackup } from './make.ts'
import { tidy } from './shelf.ts'

/**
 * Makes a backup of a bus that does not run, as it would itself. Nobody else may open it meanwhile.
 *
 * @param directory `null`: as the settings have it
 * @param keepMs `null`: as the settings have it
 * @throws {StoreOpenError} a bus has it, or it is not whole
 * @throws {BackupFault}
 */
export async function backUpOffline(
  config: Config,
  directory: string | null,
  keepMs: number | null,
): Promise<Made & { directory: string; deleted: string[]; path: string }> {
  const named = resolve(config.values.BUS_DB_PATH)
  if (!existsSync(named)) throw new BackupFault('failed', `There is no bus in ${named}.`)
  const source = realpathSync(named)
  const settings = backupSettings(config, source)
  await checkRecipients(settings.seal)
  const into = directory ?? settings.directory
  const letGo = takeOwnership(source, {
    otherwise: 'have it make the backup, which needs its address and the admin token',
  })
  try {
    refuseDamagedLog(source)
    removeLeftCopy(source)
    const { seal, leaveBytes } = settings
    const made = await makeBackup({
      source,
      directory: into,
      at: Date.now(),
      seal,
      keep: keptFiles(config),
      leaveBytes,
    })
    return {
      ...made,
      directory: into,
      path: resolve(into, made.name),
      deleted: tidy(into, keepMs ?? settings.keepMs, Date.now()),
    }
  } finally {
    letGo()
  }
}
