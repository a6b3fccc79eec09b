/** What must be true of a database besides what `inconsistencies` looks at, whatever came in from elsewhere. */
import Sqlite from 'better-sqlite3'
import { inconsistencies } from '../crash/stored.ts'

const RULES: Record<string, string> = {
  'each intent has a lane': `SELECT id FROM intents WHERE lane NOT IN (SELECT id FROM lanes)`,
  'payloads are JSON': `SELECT n FROM payloads WHERE NOT json_valid(text)`,
  'a letter is in the lane of its intent, and counts its attempts': `
    SELECT d.n FROM dead_letters d JOIN intents i ON i.n = d.intent WHERE d.lane <> i.lane OR d.attempts <> i.attempts`,
  'letters stand in the order of death': `
    SELECT a.n FROM dead_letters a JOIN dead_letters b ON b.n = a.n + 1 WHERE a.created_at > b.created_at`,
  'who is claimed has a token, a time and at least one attempt, and nobody else has a token': `
    SELECT id FROM intents WHERE (state = 2) <> (token IS NOT NULL)
        OR (state = 2 AND (claimed_at IS NULL OR attempts < 1))`,
  'due_at is what the state says': `
    SELECT id FROM intents WHERE (state = 0 AND due_at <> run_at) OR (state = 1 AND due_at <> expires_at)`,
  'what is ready has attempts left': `SELECT id FROM intents WHERE state < 2 AND attempts >= max_attempts`,
  'limits are kept': `
    SELECT id FROM intents WHERE priority NOT BETWEEN 0 AND 1000 OR max_attempts NOT BETWEEN 1 AND 20
        OR backoff_ms NOT BETWEEN 1000 AND 3600000 OR length(id) <> 32`,
  'an idempotency key answers for an intent that is there': `
    SELECT key FROM idempotency_keys WHERE intent_id NOT IN (SELECT id FROM intents)`,
}

/** @returns the rules that are broken, each with what breaks it */
export function broken(path: string): string[] {
  const db = new Sqlite(path, { readonly: true })
  try {
    const found = Object.entries(RULES).flatMap(([rule, sql]) => {
      const rows = db.prepare(sql).pluck().all()
      return rows.length === 0 ? [] : [`${rule}: ${rows.slice(0, 5).join(', ')}`]
    })
    return [...inconsistencies(path), ...found]
  } finally {
    db.close()
  }
}
