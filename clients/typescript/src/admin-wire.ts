/** What an operator asks and is told, in the names of this language, as in `wire.ts`. */
import type { Given, Schemas } from './wire.ts'

/** No answer shows the key whole. */
export type IssuedKey = Schemas['KeyDetailsAnswer']

/** What is left out is not set, or stays as it is. */
export type KeyTerms = Given<Omit<Schemas['GenerateKeyBody'], 'owner'>>

/** A key by its number, or by itself. */
export type WhichKey = { apiKey: string } | { keyId: number }

export type AuditEntry = {
  [Name in keyof Entry]: Name extends 'detail' ? Readonly<Entry[Name]> : Entry[Name]
}
type Entry = Schemas['AuditAnswer']['entries'][number]
export type AuditAction = Entry['action']

export const AUDIT_ACTIONS = Object.keys({
  key_created: true,
  key_rotated: true,
  key_changed: true,
  key_revoked: true,
  intent_cancelled: true,
  intent_retried: true,
  dead_retried: true,
  dead_dropped: true,
  purged: true,
  maintenance_on: true,
  maintenance_off: true,
  backup_made: true,
  backup_fetched: true,
} satisfies Record<AuditAction, true>) as AuditAction[]

export type AuditFilter = Given<Omit<Schemas['ListAuditQuery'], 'limit'>>

/** `by`: the variable of the bus, which the switch cannot end, or the switch. */
export type Maintenance = Schemas['MaintenanceAnswer']

/** On a bus of an older version, `cause` and `workerId` are undefined, and in a list `lastError` is, too. */
export type DeadLetter = Schemas['DeadLettersAnswer'][number]
export type DeadLetterDetail = Schemas['DeadLetterAnswer']
export type DeadLetterFilter = Omit<Schemas['ListDeadLettersQuery'], 'limit' | 'before'>

/** All attempts failed; nobody took it in time; somebody cancelled it. */
export type Cause = DeadLetter['cause']

export type IntentDetail = Schemas['IntentAnswer']

/** How the bus is, as it is kept and not counted. */
export type Overview = Schemas['OverviewAnswer']

export type Backups = Schemas['BackupsAnswer']
/** One that lies in the bus's directory. */
export type Backup = Omit<Backups['backups'][number], 'ageSeconds'>
/** One that was made just now. */
export type NewBackup = Omit<Schemas['BackupAnswer'], 'ok'>
