/** Somebody who moves in: a folder with the old server's database, and one for the new bus. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { onTestFinished } from 'vitest'
import { readConfig } from '../../config/config.ts'
import { type Imported, importReference } from '../../import/reference/import.ts'
import type { RowReport } from '../../import/report.ts'
import { ADMIN_TOKEN } from '../support/bus.ts'
import { BusProcess } from '../support/bus-process.ts'
import { Client } from '../support/client.ts'
import { OLD_MASTER, ReferenceFile, type Version } from './reference-file.ts'

export type Run = Imported & { rows: RowReport[] }

export class Mover {
  readonly dir = mkdtempSync(join(tmpdir(), 'bus-import-'))
  readonly source = join(this.dir, 'infrastructure.db')
  readonly target = join(this.dir, 'data/bus.db')
  readonly warnings: string[] = []

  constructor() {
    onTestFinished(() => rmSync(this.dir, { recursive: true, force: true }))
  }

  /** The old server's database, as the test fills it. */
  reference(fill: (file: ReferenceFile) => void = () => {}, version: Version = '7.61'): this {
    const file = new ReferenceFile(this.source, version)
    fill(file)
    file.close()
    return this
  }

  run(
    options: { dry?: boolean; unseenMaster?: boolean; file?: string; env?: Record<string, string> } = {},
  ): Run {
    const rows: RowReport[] = []
    const { dry = false, unseenMaster = false, file = this.source, env = {} } = options
    const imported = importReference({
      file,
      dry,
      unseenMaster,
      config: readConfig({ BUS_DB_PATH: this.target, BUS_SECRET: OLD_MASTER, ...env }),
      each: row => rows.push(row),
      at: () => {},
      warn: line => this.warnings.push(line),
    })
    return { ...imported, rows }
  }

  /** What the new database holds, while no bus runs on it. */
  look<T>(read: (db: Sqlite.Database) => T): T {
    const db = new Sqlite(this.target)
    try {
      return read(db)
    } finally {
      db.close()
    }
  }

  one(sql: string): unknown {
    return this.look(db => db.prepare(sql).pluck().get())
  }

  /** The new bus, with the old secret. */
  async bus(env: Record<string, string> = {}) {
    const bus = new BusProcess(this.dir, {
      PORT: '0',
      BUS_SECRET: OLD_MASTER,
      BUS_ADMIN_SECRET: ADMIN_TOKEN,
      ...env,
    })
    onTestFinished(() => bus.kill())
    const url = `http://127.0.0.1:${await bus.ready()}`
    return {
      bus,
      with: (apiKey: string) => new Client(url, { 'x-api-key': apiKey }),
      admin: new Client(url, { 'x-admin-token': ADMIN_TOKEN }),
      async stop() {
        bus.signal('SIGTERM')
        await bus.exited
      },
    }
  }
}

/** Fates and reasons of the rows, by name. */
export const fateOf = (run: Run, row: string) => {
  const found = run.rows.filter(each => each.row === row)
  return found.map(({ table, fate, why }) => [table, fate, ...why])
}
