import type { BackupObserver } from '../backup/backups.ts'
import type { CatalogueRegistry } from './registry.ts'

export function backupMetrics(all: CatalogueRegistry): BackupObserver {
  const at = all.gauge('last_backup_success_timestamp_seconds')
  const size = all.gauge('last_backup_bytes')
  const duration = all.gauge('last_backup_duration_seconds')
  const outcomes = all.counter('backups_total')
  const uploads = all.counter('backup_uploads_total')
  for (const counter of [outcomes, uploads]) {
    for (const outcome of ['success', 'failure']) counter.inc({ outcome }, 0)
  }
  return {
    backupFound(atMs, bytes) {
      at.set(atMs / 1000)
      size.set(bytes)
    },
    backupMade(atMs, bytes, durationMs) {
      at.set(atMs / 1000)
      size.set(bytes)
      duration.set(durationMs / 1000)
      outcomes.inc({ outcome: 'success' })
    },
    backupFailed: () => outcomes.inc({ outcome: 'failure' }),
    backupUploaded: done => uploads.inc({ outcome: done ? 'success' : 'failure' }),
  }
}
