import { fileURLToPath } from 'node:url'
import { readAddress } from '../../ops/address/address.ts'

/**
 * Where alerts and panels point. With the documentation's address in address.json they are links that open on a phone;
 * without it they name files of the clone.
 */
const DOCS = readAddress(fileURLToPath(new URL('../..', import.meta.url))).documentation || 'docs'

/** Pages below `DOCS`, by what they are about. */
const PAGES = {
  deadLetters: 'operations/dead-letters.md',
  oldest: 'operations/oldest-intent.md',
  clocks: 'operations/clock-skew.md',
  diskFull: 'operations/disk-full.md',
  damage: 'operations/corrupt-database.md',
  keys: 'operations/lost-key.md',
  slowDisk: 'operations/slow-disk.md',
  down: 'operations/bus-down.md',
  leases: 'monitoring.md#leases-run-out',
  errors: 'monitoring.md#requests-fail',
  connections: 'monitoring.md#connections-are-refused',
  storage: 'monitoring.md#the-store-fails',
  wal: 'monitoring.md#the-write-ahead-log-grows',
  log: 'monitoring.md#the-log-is-not-written',
  backups: 'operations/backup-missing.md',
  reading: 'monitoring.md#how-do-i-read-the-dashboards',
} as const

export type Runbook = keyof typeof PAGES
export const RUNBOOKS = Object.keys(PAGES) as Runbook[]

/** Its path below `docs/`. */
export const pageOf = (runbook: Runbook): string => PAGES[runbook]

export const linkTo = (runbook: Runbook): string => `${DOCS}/${PAGES[runbook]}`
