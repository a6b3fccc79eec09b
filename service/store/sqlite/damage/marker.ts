import { existsSync, readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { syncFolder, writeDurably } from '../../../files/durable.ts'
import { StoreOpenError } from '../../open-error.ts'
import { damagedPartsOf } from './survey.ts'

/** An intent that cannot be read. `id: null`: the damage leaves only its sequence. */
export type SetAside = { n: number; id: string | null }

/** What a bus knew of the damage when it last ran. */
export type Marker = { intents: SetAside[]; parts: string[] }

export const RUNBOOK = 'docs/operations/corrupt-database.md'

/** Where the bus notes damage, for its next start. */
const markerOf = (database: string): string => database + MARKER_END
export const MARKER_END = '.damaged'

export function writeMarker(database: string, marker: Marker): void {
  writeDurably(markerOf(database), `${JSON.stringify(marker)}\n`)
}

export function clearMarker(database: string): void {
  if (!existsSync(markerOf(database))) return
  rmSync(markerOf(database))
  syncFolder(dirname(database))
}

/**
 * To be called by the one that owns the database, before it is opened for writing. Where the bus that ran last could name the
 * intents that are damaged, it starts. Where it could not, everything is read: a database that has been repaired or replaced meanwhile is
 * whole, and the marker goes.
 *
 * @throws {StoreOpenError} when a table or an index is damaged still
 */
export function refuseMarked(database: string, say: (line: string) => void): void {
  const marker = readMarker(database)
  if (marker === null || marker.parts.length === 0) return
  const damaged = damagedPartsOf(database)
  if (damaged.length > 0) throw damagedParts(database, damaged)
  clearMarker(database)
  say(`${database} was damaged when the bus ran last (${marker.parts.join(', ')}), and is whole now`)
}

export const damagedParts = (database: string, parts: readonly string[]): StoreOpenError =>
  new StoreOpenError(
    `${database} is damaged: ${parts.join(', ')}. It was left as it is. Restore a backup, or repair it: ${RUNBOOK}`,
  )

/** Those that the bus that ran last has set aside. */
export const setAsideIn = (database: string): SetAside[] => readMarker(database)?.intents ?? []

/** One that cannot be understood says at least that there is damage. */
function readMarker(database: string): Marker | null {
  let text: string
  try {
    text = readFileSync(markerOf(database), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    return { intents: [], parts: ['unknown'] }
  }
  try {
    const { intents, parts } = JSON.parse(text) as Partial<Marker>
    if (Array.isArray(intents) && Array.isArray(parts)) return { intents, parts }
  } catch {
    // Not JSON: see above.
  }
  return { intents: [], parts: ['unknown'] }
}
