import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from '../../store/sqlite/driver.ts'
import type { RoomSettings } from '../../store/sqlite/room.ts'
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts'
import type { Store } from '../../store/store.ts'

/** A place where one engine keeps one bus; it outlives the bus, so that a test can start it again. */
export type Place = {
  open(room?: RoomSettings): Promise<Store>
  /** Every byte at rest, as Latin-1: what somebody would hold who carried the disk away. */
  bytesAtRest(): string
  remove(): Promise<void>
}

const quiet = { info() {}, warn() {}, error() {} }

function sqlite(left: string | undefined): Place {
  const folder = mkdtempSync(join(tmpdir(), 'bus-'))
  if (left !== undefined) new Sqlite(join(folder, 'bus.db')).exec(left).close()
  return {
    open: room =>
      openSqliteStore({ path: join(folder, 'bus.db'), log: quiet, ...(room === undefined ? {} : { room }) }),
    bytesAtRest: () =>
      readdirSync(folder)
        .map(name => readFileSync(join(folder, name), 'latin1'))
        .join(''),
    async remove() {
      rmSync(folder, { recursive: true })
    },
  }
}

const ENGINES: Record<string, (left: string | undefined) => Place> = { sqlite }

/**
 * INTENT_BUS_ENGINE says which engine the conformance suite holds to the protocol.
 *
 * @param left the SQL of what an earlier bus has left there
 */
export function newPlace(left?: string): Place {
  const name = process.env['INTENT_BUS_ENGINE'] ?? 'sqlite'
  const engine = ENGINES[name]
  if (engine === undefined) throw new Error(`INTENT_BUS_ENGINE is ${name}; there is ${Object.keys(ENGINES)}`)
  return engine(left)
}
