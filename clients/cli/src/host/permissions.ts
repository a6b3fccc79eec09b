import { existsSync, statSync } from 'node:fs'
import type { Finding } from '../doctor/finding.ts'
import type { Host } from './host.ts'

const OTHERS = 0o077

/** Who may read what: nobody but the user of the bus. Windows knows no such bits. */
export function permissionFindings(host: Host): Finding[] {
  if (process.platform === 'win32') return []
  const { dataDir, database, keyFile, secretsFile } = host
  const findings = [
    open(dataDir, 0o700, 'warning'),
    ...[secretsFile, keyFile].map(path => open(path, 0o600, 'failed')),
    ...['', '-wal', '-shm'].map(ending => open(database + ending, 0o600, 'warning')),
    ...[secretsFile, keyFile, database].map(path => foreign(path, dataDir)),
  ].filter(finding => finding !== null)
  if (findings.length > 0) return findings
  return [{ check: 'permissions', state: 'ok', detail: 'data, secrets and keys are its user’s alone' }]
}

function open(path: string, mode: number, state: 'warning' | 'failed'): Finding | null {
  const found = statSync(path, { throwIfNoEntry: false })?.mode
  if (found === undefined || (found & OTHERS) === 0) return null
  const shown = (found & 0o777).toString(8).padStart(4, '0')
  const detail = `${path} may be used by other users of this machine (mode ${shown})`
  return { check: 'permissions', state, detail, cure: `chmod ${mode.toString(8)} ${path}` }
}

function foreign(path: string, dataDir: string): Finding | null {
  const found = statSync(path, { throwIfNoEntry: false })
  const { uid, gid } = statSync(dataDir)
  if (found === undefined || found.uid === uid) return null
  const detail = `${path} belongs to user ${found.uid}, its directory to ${uid}`
  return { check: 'permissions', state: 'warning', detail, cure: `chown ${uid}:${gid} ${path}` }
}

/** @returns nothing when all is well @param issuedKeys in the database */
export function keyFileFindings({ keyFile }: Host, issuedKeys: number): Finding[] {
  if (issuedKeys === 0 || existsSync(keyFile)) return []
  const detail = `${keyFile} is missing, and ${issuedKeys} API keys in the database can only be opened with it`
  const cure =
    'Put it back from a backup, or set BUS_KEY_FILE to where it is. Without it the bus does not start.'
  return [{ check: 'bus.key', state: 'failed', detail, cure }]
}
