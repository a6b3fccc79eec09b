import { existsSync } from 'node:fs'
import type { Finding } from '../doctor/finding.ts'
import { type Host, ofTheService } from './host.ts'
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
  if (!existsSync(database)) {
    return { ...nothing, findings: [{ check, state: 'skipped', detail: `${database} is not made yet` }] }
  }
  const { migrations } =
    await ofTheService<typeof import('../../../../service/store/sqlite/migrate.ts')>(
      'store/sqlite/migrate.ts',
    )
  const newest = migrations().at(-1)!.version
  try {
    const db = new (await openerOf())(database, { readonly: true, fileMustExist: true, timeout: 2000 })
    try {
      const schema = db.pragma('user_version', { simple: true }) as number
      const seen = db.prepare("SELECT value FROM meta WHERE name = 'last_seen'").pluck().get() as
        | number
        | undefined
      const issuedKeys = db.prepare('SELECT count(*) FROM api_keys').pluck().get() as number
      return { lastSeen: seen || null, issuedKeys, findings: [schemaFinding(schema, newest)] }
    } finally {
      db.close()
    }
  } catch (error) {
    const cure = `Is it the database of a bus, and may this user read it? ls -l ${database}. A damaged one: restore a backup.`
    const detail = `${database} cannot be read: ${(error as Error).message}`
    return { ...nothing, findings: [{ check, state: 'failed', detail, cure }] }
  }
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
