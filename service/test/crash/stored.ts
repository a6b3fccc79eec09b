import Sqlite from 'better-sqlite3'
import { STATE_NAMES } from '../../store/sqlite/states.ts'
import type { Stored } from './history.ts'

type Row = {
  id: string
  state: number
  attempts: number
  max_attempts: number
  payload: string
  results: number
  dead_letters: number
}

/** Every intent, as the file of a stopped bus holds it. */
export function readStored(path: string): Stored[] {
  const db = new Sqlite(path, { readonly: true })
  try {
    const rows = db
      .prepare(
        `SELECT i.id, i.state, i.attempts, i.max_attempts, p.text AS payload,
                (SELECT count(*) FROM results r WHERE r.n = i.n) AS results,
                (SELECT count(*) FROM dead_letters d WHERE d.intent = i.n) AS dead_letters
         FROM intents i LEFT JOIN payloads p ON p.n = i.n`,
      )
      .all() as Row[]
    return rows.map(row => ({
      id: row.id,
      state: STATE_NAMES[row.state]!,
      attempts: row.attempts,
      maxAttempts: row.max_attempts,
      payload: row.payload,
      hasResult: row.results === 1,
      deadLetters: row.dead_letters,
    }))
  } finally {
    db.close()
  }
}

/** @returns what is wrong inside the file: its b-trees, tallies that disagree with what they count, rows without their other half */
export function inconsistencies(path: string): string[] {
  const db = new Sqlite(path, { readonly: true })
  try {
    const found = (db.pragma('integrity_check') as { integrity_check: string }[])
      .map(row => row.integrity_check)
      .filter(line => line !== 'ok')
    for (const [what, sql] of Object.entries(ORPHANS)) {
      const { count } = db.prepare(`SELECT count(*) AS count FROM (${sql})`).get() as { count: number }
      if (count > 0) found.push(`${count} ${what}`)
    }
    return found
  } finally {
    db.close()
  }
}

const ORPHANS = {
  'lanes whose tallies are wrong': `
    SELECT l.id FROM lanes l LEFT JOIN intents i ON i.lane = l.id GROUP BY l.id
    HAVING l.open != coalesce(sum(i.state IN (0, 1)), 0) OR l.claimed != coalesce(sum(i.state = 2), 0)
        OR l.fulfilled != coalesce(sum(i.state = 3), 0) OR l.dead != coalesce(sum(i.state = 4), 0)`,
  'intents without a lane': `SELECT n FROM intents WHERE lane NOT IN (SELECT id FROM lanes)`,
  'intents without a payload': `SELECT n FROM intents WHERE n NOT IN (SELECT n FROM payloads)`,
  'payloads without an intent': `SELECT n FROM payloads WHERE n NOT IN (SELECT n FROM intents)`,
  'results without an intent': `SELECT n FROM results WHERE n NOT IN (SELECT n FROM intents)`,
  'dead letters without an intent': `SELECT n FROM dead_letters WHERE intent NOT IN (SELECT n FROM intents)`,
  'idempotency keys of no intent': `SELECT n FROM idempotency_keys WHERE intent_id NOT IN (SELECT id FROM intents)`,
  'leases without a token': `SELECT n FROM intents WHERE (state = 2) != (token IS NOT NULL)`,
}
