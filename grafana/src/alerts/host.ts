import { LIMITS } from '../limits.ts'
import { backupAge, everyBus, quantileOf, sumOf } from '../promql.ts'
import type { Alert } from './alert.ts'

const diskFreeIn24Hours = (seenFor: string): string =>
  `predict_linear(intent_bus_disk_free_bytes[${seenFor}], 86400)`

/** The larger of two values of each series: of two trends, the one that leads to trouble later. */
const later = (one: string, other: string): string => `((${one} > ${other}) or ${other})`

/** Does what is under it hold? */
export const HOST: readonly Alert[] = [
  {
    name: 'IntentBusCommitsSlow',
    severity: 'warning',
    value: `${quantileOf(0.99, ['instance'], 'intent_bus_commit_duration_seconds_bucket', '10m')}
* (${sumOf('increase(intent_bus_commit_duration_seconds_count[10m])')} >= bool 20)`,
    fires: { above: LIMITS.commitP99 },
    for: '10m',
    as: 'duration',
    summary: 'One commit in a hundred takes longer than {value}',
    description:
      'Every answer waits for its commit to be on disk. Something else uses the disk, or it is wearing out.',
    runbook: 'slowDisk',
    when: 'for 10 minutes the 99th percentile of the commits, of at least 20, has been over 0.5 s',
  },
  {
    name: 'IntentBusDiskFull',
    severity: 'warning',
    value: later(diskFreeIn24Hours('6h'), diskFreeIn24Hours('30m')),
    fires: { below: LIMITS.diskFreeBytes },
    for: '1h',
    as: 'bytes',
    summary: 'The disk of the bus will be full within 24 hours',
    description:
      'So the last 6 hours say, and the last 30 minutes as well. A bus whose disk is full takes no new work. See what grows: the database, its backups, or something else.',
    runbook: 'diskFull',
    when: 'for an hour both the trend of the last 6 hours and that of the last 30 minutes have led to less than 64 MiB of free disk within 24 hours',
  },
  {
    name: 'IntentBusDiskLow',
    severity: 'critical',
    value: 'intent_bus_disk_low',
    fires: { above: 0 },
    for: '5m',
    as: 'count',
    summary: 'The bus refuses new intents and values: its disk is nearly full',
    description:
      'Less is free than BUS_MIN_FREE_DISK_BYTES. What is under way can still be settled, and admin calls work: delete what need not be kept, or make room elsewhere.',
    runbook: 'diskFull',
    when: 'for 5 minutes new intents and values have been refused, since the disk has less room than `BUS_MIN_FREE_DISK_BYTES`',
  },
  {
    name: 'IntentBusStoreDamaged',
    severity: 'critical',
    value: 'intent_bus_store_damaged',
    fires: { above: 0 },
    for: '1m',
    as: 'count',
    summary: 'A part of the database cannot be read',
    description:
      'What needs it is refused or passed by, and the rest works. Do not restart the bus before you have read the page: it may refuse to start.',
    runbook: 'damage',
    when: 'for a minute a part of the database has been known to be damaged',
  },
  {
    name: 'IntentBusWalTooBig',
    severity: 'warning',
    value: 'intent_bus_wal_bytes',
    fires: { above: LIMITS.walBytes },
    for: '15m',
    as: 'bytes',
    summary: 'The write-ahead log has grown to {value}B',
    description:
      'The bus keeps it under 64 MiB. Something keeps it from being copied into the database: another program that holds the database open, or a failing disk.',
    runbook: 'wal',
    when: 'for 15 minutes the write-ahead log has been larger than 256 MiB',
  },
  {
    name: 'IntentBusBackupMissing',
    severity: 'warning',
    value: backupAge(everyBus),
    fires: { above: LIMITS.backupAge },
    for: '10m',
    as: 'duration',
    summary: 'The newest backup is {value} old',
    description:
      'Or there is none, and the bus has run for that long. Make one now, then see why none came by itself. Who wants no backups silences this one.',
    runbook: 'backups',
    when: 'for 10 minutes the newest verified backup has been older than 26 hours (none: since the start)',
  },
  {
    name: 'IntentBusBackupFailed',
    severity: 'warning',
    value: sumOf('increase(intent_bus_backups_total{outcome="failure"}[6h])'),
    fires: { above: 0 },
    for: '1m',
    as: 'count',
    summary: '{value} backups failed in 6 hours',
    description: 'The log says why: often the disk or the bucket that they go to.',
    runbook: 'backups',
    when: 'a backup failed in the last 6 hours',
  },
  {
    name: 'IntentBusBackupUploadFailed',
    severity: 'warning',
    value: sumOf('increase(intent_bus_backup_uploads_total{outcome="failure"}[6h])'),
    fires: { above: 0 },
    for: '1m',
    as: 'count',
    summary: '{value} backups did not get into the bucket in 6 hours',
    description:
      'They are made, and lie on the disk of the bus alone. The log says what the bucket answered: its keys, its name, or the network.',
    runbook: 'backups',
    when: 'an upload to the bucket failed in the last 6 hours; the backup itself was made',
  },
  {
    name: 'IntentBusLogLinesLost',
    severity: 'warning',
    value: sumOf('increase(intent_bus_log_lines_dropped_total[15m])'),
    fires: { above: 0 },
    for: '1m',
    as: 'count',
    summary: '{value} lines of the log were lost in 15 minutes',
    description:
      'The bus works, but its log is not written: the disk of the log is full, or the program that reads the log has stalled or ended.',
    runbook: 'log',
    when: 'the bus could not write a line of its log in the last 15 minutes',
  },
]
