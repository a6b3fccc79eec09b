import { existsSync, statSync } from 'node:fs'
import type { Finding } from '../doctor/finding.ts'
import type { Host } from './host.ts'
import { openerOf } from './runtime.ts'

export type DatabaseLook = {
  findings: Finding[]
  /** The latest bus time in it, in ms; `null`: it has none, or cannot be read. */
  lastSeen: number | null
  issuedKeys: number
}

/** Reads it beside a bus that may have it open, and writes nothing. */
export async function databaseIn({ database }: Host): Promise<DatabaseLook> {
  const check = 'database'
  const nothing = { lastSeen: null, issuedKeys: 0 }
  const cutShort = await cutShortFinding(database)
  // What is in its place is not all of a bus: it is left alone.
  if (cutShort !== null) return { ...nothing, findings: [cutShort] }
  if (!existsSync(database)) {
    return { ...nothing, findings: [{ check, state: 'skipped', detail: `${database} is not made yet` }] }
  }
  const { migrations } = await import('@intent-bus/service/store/sqlite/migrate')
  const newest = migrations().at(-1)!.version
  try {
    const db = new (await openerOf())(database, { readonly: true, fileMustExist: true, timeout: 2000 })
    try {
      const schema = db.pragma('user_version', { simple: true }) as number
      const seen = db.prepare("SELECT value FROM meta WHERE name = 'last_seen'").pluck().get() as
        | number
        | undefined
      const issuedKeys = db.prepare('SELECT count(*) FROM api_keys').pluck().get() as number
      return {
        lastSeen: seen || null,
        issuedKeys,
        findings: [schemaFinding(schema, newest), await damageFinding(database)],
      }
    } finally {
      db.close()
    }
  } catch (error) {
    const cure = `Is it the database of a bus, and may this user read it? ls -l ${database}. A damaged one: ${RUNBOOK}`
    const detail = `${database} cannot be read: ${(error as Error).message}`
    return { ...nothing, findings: [{ check, state: 'failed', detail, cure }] }
  }
}

/** A restore marks that it is replacing the database. The mark outlives it when it is killed. */
async function cutShortFinding(database: string): Promise<Finding | null> {
  const { isSwitching, markOf } = await import('@intent-bus/service/store/sqlite/switching')
  const { realFile } = await import('@intent-bus/service/store/sqlite/real-file')
  const file = realFile(database)
  // What cannot be looked at is found by the other looks.
  if (!existsSync(markOf(file)) || !isSwitching(file)) return null
  const detail = `a restore has begun and not ended: ${markOf(file)} is there`
  const cure =
    'Unless it still runs, start the bus: it puts the old database back, or keeps the new one if that is in place. Move no file there before. Then restore again if you need to: docs/backup.md'
  return { check: 'database', state: 'failed', detail, cure }
}

const RUNBOOK = 'docs/operations/corrupt-database.md'
/** Reading it takes a second for some 200 MiB, and the bus beside it has the disk to itself meanwhile only in part. */
const MOST_READ_BYTES = 1024 * 1024 * 1024

/** Reads every page, beside a bus that runs: it says which table or index is damaged, and on which page. */
async function damageFinding(database: string): Promise<Finding> {
  const check = 'pages'
  const { size } = statSync(database)
  if (size > MOST_READ_BYTES) {
    const detail = `${database} has ${Math.round(size / 1024 ** 3)} GiB: too much to read here`
    const cure = `Read it when the bus has time: sqlite3 ${database} 'PRAGMA integrity_check'`
    return { check, state: 'skipped', detail, cure }
  }
  const { damagedPartsOf } = await import('@intent-bus/service/store/sqlite/damage/survey')
  const parts = damagedPartsOf(database)
  if (parts.length === 0) return { check, state: 'ok', detail: 'every page of the database can be read' }
  return { check, state: 'failed', detail: `${database} is damaged: ${parts.join(', ')}`, cure: RUNBOOK }
}

function schemaFinding(schema: number, newest: number): Finding {
  const check = 'database'
  if (schema > newest) {
    const cure = 'Start the newer version that wrote it, or restore a backup from before the upgrade.'
    return { check, state: 'failed', detail: `schema ${schema}, and this bus knows ${newest}`, cure }
  }
  const older = schema < newest ? `; the next start makes it ${newest}, and keeps a copy` : ''
  return { check, state: 'ok', detail: `schema ${schema}${older}` }
}
