import { join } from 'node:path'
import Sqlite from 'better-sqlite3'

/** What the disk itself allows: single-row commits of bare better-sqlite3, write-ahead log, each one synced. Per second. */
export function rawCommits(directory: string, seconds: number): number {
  const db = new Sqlite(join(directory, 'raw.db'))
  try {
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.exec('CREATE TABLE IF NOT EXISTS rows (n INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT')
    const insert = db.prepare('INSERT INTO rows (text) VALUES (?)')
    const text = 'x'.repeat(200)
    const startedAt = performance.now()
    let commits = 0
    while (performance.now() - startedAt < seconds * 1000) {
      insert.run(text)
      commits += 1
    }
    return commits / ((performance.now() - startedAt) / 1000)
  } finally {
    db.close()
  }
}
