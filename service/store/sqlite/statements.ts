import type { Database, Statement } from 'better-sqlite3'

export type IntentRow = {
  n: number
  id: string
  lane: number
  state: number
  priority: number
  attempts: number
  max_attempts: number
  backoff_ms: number
  created_at: number
  run_at: number
  expires_at: number
  due_at: number
  claimed_at: number | null
  claimer: number | null
  worker_id: string | null
  token: string | null
  last_error: string | null
  failed_with: string | null
}

/** What settling and the ends of an attempt look at. */
export type HeldRow = Pick<
  IntentRow,
  | 'n'
  | 'lane'
  | 'state'
  | 'attempts'
  | 'max_attempts'
  | 'backoff_ms'
  | 'due_at'
  | 'claimed_at'
  | 'claimer'
  | 'token'
>

export const INTENT_COLUMNS = `n, id, lane, state, priority, attempts, max_attempts, backoff_ms, created_at, run_at, expires_at,
       due_at, claimed_at, claimer, worker_id, token, last_error, failed_with`

/** Rows that a statement with `VALUES` for many takes. With 8 a row costs a tenth more, with 32 or 64 no less. */
export const AT_ONCE = 16
const rowsOf = (row: string): string => Array(AT_ONCE).fill(row).join(', ')

const CLAIM = `state = 2, attempts = attempts + 1, due_at = ?, claimed_at = ?, claimer = ?, worker_id = ?,
               progress = NULL, progress_message = NULL`
const BACK_OFF = `state = 0, expires_at = expires_at + ? - run_at, run_at = ?, due_at = ?, token = NULL,
                  progress = NULL, progress_message = NULL`
const VALUE_BYTES = `octet_length(key) + octet_length(value)`
const RESULT_ANEW = `ON CONFLICT DO UPDATE SET is_text = excluded.is_text, text = excluded.text`

/** What AUTOINCREMENT gives the next row of `api_keys`: no number that a key ever had. */
export const NEXT_KEY_ID = `SELECT 1 + max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'api_keys'), 0),
                                          coalesce((SELECT max(id) FROM api_keys), 0)) AS id`

/** Every statement of the write path. None scans; a test holds the plan of each. */
export const WRITE_SQL = {
  begin: `BEGIN IMMEDIATE`,
  /** Changes when another connection has written to the file. */
  foreignWrites: `PRAGMA data_version`,
  commit: `COMMIT`,
  rollback: `ROLLBACK`,
  savepoint: `SAVEPOINT one`,
  rollbackOne: `ROLLBACK TO one`,
  release: `RELEASE one`,

  keepNonce: `INSERT INTO nonces (key_id, nonce, expires_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,

  seenNonce: `SELECT 1 FROM nonces WHERE key_id = ? AND nonce = ?`,

  findIdempotent: `SELECT n, fingerprint, intent_id, namespace, expires_at FROM idempotency_keys WHERE key_id = ? AND key = ?`,
  keepIdempotent: `INSERT INTO idempotency_keys (key_id, key, fingerprint, intent_id, namespace, expires_at)
                   VALUES (?, ?, ?, ?, ?, ?)`,
  keepIdempotents: `INSERT INTO idempotency_keys (key_id, key, fingerprint, intent_id, namespace, expires_at)
                    VALUES ${rowsOf('(?, ?, ?, ?, ?, ?)')}`,
  dropIdempotent: `DELETE FROM idempotency_keys WHERE n = ?`,

  insertIntent: `INSERT INTO intents (id, lane, state, priority, max_attempts, backoff_ms, created_at, run_at, expires_at, due_at)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  insertPayload: `INSERT INTO payloads (n, text) VALUES (?, ?)`,
  // Alike but for their ids, which come as a JSON array: 1.0 us a row, where one by one it is 2.9.
  insertIntents: `INSERT INTO intents (n, id, lane, state, priority, max_attempts, backoff_ms, created_at, run_at, expires_at, due_at)
                  SELECT ? + key, value, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM json_each(?)`,
  insertPayloads: `INSERT INTO payloads (n, text) VALUES ${rowsOf('(?, ?)')}`,

  /** Its length is known without reading what lies on pages of its own. */
  payloadBytes: `SELECT octet_length(text) AS bytes FROM payloads WHERE n = ?`,
  // The plus signs keep SQLite from preparing this anew for each bound value; a bare `LIMIT ?` costs 10 us more.
  nextReadyOf: `SELECT n, id, priority, attempts, run_at, expires_at,
                       (SELECT text FROM payloads WHERE payloads.n = intents.n) AS payload
                FROM intents INDEXED BY intents_ready
                WHERE lane = +? AND state = 1
                ORDER BY priority DESC, run_at, attempts, n
                LIMIT +?`,
  claim: `UPDATE intents SET ${CLAIM}, token = ? WHERE n = ?`,
  /** Pairs of n and token. */
  claimAll: `UPDATE intents SET ${CLAIM}, token = pair.value ->> 1 FROM json_each(?) AS pair WHERE n = pair.value ->> 0`,
  unclaim: `UPDATE intents
            SET state = 1, attempts = attempts - 1, due_at = expires_at, claimed_at = NULL, claimer = NULL,
                worker_id = NULL, token = NULL, progress = NULL, progress_message = NULL
            WHERE n = ?`,

  byId: `SELECT ${INTENT_COLUMNS} FROM intents WHERE id = ?`,
  // Settling looks at every intent there is: seven columns less are a microsecond less.
  held: `SELECT n, lane, state, attempts, max_attempts, backoff_ms, due_at, claimed_at, claimer, token
         FROM intents WHERE id = ?`,
  heldAll: `SELECT asked.key AS item, n, lane, state, due_at, claimed_at, claimer, token
            FROM json_each(?) AS asked CROSS JOIN intents ON intents.id = asked.value`,
  byN: `SELECT ${INTENT_COLUMNS} FROM intents WHERE n = ?`,
  progress: `UPDATE intents SET progress = ?, progress_message = ?, due_at = ? WHERE n = ?`,
  extend: `UPDATE intents SET due_at = ? WHERE n = ?`,
  fulfil: `UPDATE intents SET state = 3, due_at = ?, token = NULL, last_error = NULL WHERE n = ?`,
  fulfilAll: `UPDATE intents SET state = 3, due_at = ?, token = NULL, last_error = NULL
              WHERE n IN (SELECT value FROM json_each(?))`,
  keepResult: `INSERT INTO results (n, is_text, text) VALUES (?, ?, ?) ${RESULT_ANEW}`,
  keepResults: `INSERT INTO results (n, is_text, text) VALUES ${rowsOf('(?, ?, ?)')} ${RESULT_ANEW}`,
  // How long it lives is counted from when it is due, so its end moves along with run_at.
  backOff: `UPDATE intents SET ${BACK_OFF}, last_error = ? WHERE n = ?`,
  lapse: `UPDATE intents SET ${BACK_OFF}, last_error = ?, failed_with = ? WHERE n = ?`,
  promote: `UPDATE intents SET state = 1, due_at = expires_at WHERE n = ?`,
  die: `UPDATE intents SET state = 4, due_at = ?, token = NULL, last_error = ? WHERE n = ?`,
  bury: `INSERT INTO dead_letters (intent, lane, attempts, reason, cause, created_at) VALUES (?, ?, ?, ?, ?, ?)`,
  exhume: `DELETE FROM dead_letters WHERE intent = ?`,
  reopen: `UPDATE intents
           SET state = 1, attempts = 0, run_at = ?, expires_at = ?, due_at = ?, claimed_at = NULL, claimer = NULL,
               worker_id = NULL, token = NULL, last_error = ?, failed_with = NULL, progress = NULL,
               progress_message = NULL
           WHERE n = ?`,

  // Time-driven work, earliest first. The state is spelled out: five literals, five plans that are known.
  dueDelayed: `SELECT ${INTENT_COLUMNS} FROM intents INDEXED BY intents_agenda WHERE state = 0 AND due_at <= ? ORDER BY due_at LIMIT ?`,
  dueReady: `SELECT ${INTENT_COLUMNS} FROM intents INDEXED BY intents_agenda WHERE state = 1 AND due_at <= ? ORDER BY due_at LIMIT ?`,
  dueClaimed: `SELECT ${INTENT_COLUMNS} FROM intents INDEXED BY intents_agenda WHERE state = 2 AND due_at <= ? ORDER BY due_at LIMIT ?`,
  dueFulfilled: `SELECT n, lane FROM intents INDEXED BY intents_agenda WHERE state = 3 AND due_at <= ? ORDER BY due_at LIMIT ?`,
  dueDead: `SELECT n, lane FROM intents INDEXED BY intents_agenda WHERE state = 4 AND due_at <= ? ORDER BY due_at LIMIT ?`,
  nextDelayed: `SELECT due_at FROM intents INDEXED BY intents_agenda WHERE state = 0 ORDER BY due_at LIMIT 1`,
  nextReady: `SELECT due_at, run_at FROM intents INDEXED BY intents_agenda WHERE state = 1 ORDER BY due_at LIMIT 1`,
  nextClaimed: `SELECT due_at FROM intents INDEXED BY intents_agenda WHERE state = 2 ORDER BY due_at LIMIT 1`,

  deleteIntent: `DELETE FROM intents WHERE n = ?`,
  deletePayload: `DELETE FROM payloads WHERE n = ?`,
  deleteResult: `DELETE FROM results WHERE n = ?`,
  lapsedNonces: `DELETE FROM nonces WHERE n IN (SELECT n FROM nonces ORDER BY n LIMIT ?) AND expires_at <= ?`,
  lapsedIdempotent: `DELETE FROM idempotency_keys WHERE n IN (SELECT n FROM idempotency_keys ORDER BY n LIMIT ?) AND expires_at <= ?`,
  lapsedValues: `DELETE FROM key_values WHERE (key_id, key) IN
                   (SELECT key_id, key FROM key_values WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)
                 RETURNING key_id, ${VALUE_BYTES} AS bytes`,

  valueBytes: `SELECT ${VALUE_BYTES} AS bytes FROM key_values WHERE key_id = ? AND key = ?`,
  dropValuesOf: `DELETE FROM key_values WHERE (key_id, key) IN
                   (SELECT key_id, key FROM key_values WHERE key_id = ? LIMIT ?)
                 RETURNING key_id, ${VALUE_BYTES} AS bytes`,
  setValue: `INSERT INTO key_values (key_id, key, value, expires_at) VALUES (?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`,

  newestIntent: `SELECT max(n) AS n FROM intents`,
  newestIdempotent: `SELECT max(n) AS n FROM idempotency_keys`,
  idempotentFrom: `SELECT n, namespace FROM idempotency_keys WHERE n > ? AND n <= ? ORDER BY n LIMIT ?`,
  intentsFrom: `SELECT n, lane, state FROM intents WHERE n > ? AND n <= ? ORDER BY n LIMIT ?`,

  nextKeyId: NEXT_KEY_ID,
  createKey: `INSERT INTO api_keys (hash, sealed, prefix, owner, note, created_at, expires_at, rate_limit, open_limit, identity)
              VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *`,
  resealKey: `UPDATE api_keys SET sealed = ? WHERE id = ?`,
  keyById: `SELECT * FROM api_keys WHERE id = ?`,
  replaceKey: `UPDATE api_keys SET expires_at = ?, replaced_by = ? WHERE id = ? RETURNING *`,
  changeKey: `UPDATE api_keys SET owner = ?, note = ?, expires_at = ?, rate_limit = ?, open_limit = ? WHERE id = ? RETURNING *`,
  keyUsed: `UPDATE api_keys SET last_used_at = ? WHERE id = ? AND coalesce(last_used_at, 0) < ?`,
  revokeKey: `DELETE FROM api_keys WHERE hash = ? RETURNING *`,
  /** Of an identity, the first key and those it was rotated to. */
  firstOfLine: `SELECT 1 FROM api_keys WHERE id = ?`,
  restOfLine: `SELECT 1 FROM api_keys WHERE identity = ? LIMIT 1`,
  dropNoncesOf: `DELETE FROM nonces WHERE key_id = ?`,
  dropIdempotentOf: `DELETE FROM idempotency_keys WHERE key_id = ?`,

  keepAudit: `INSERT INTO audit (at, action, subject, detail, credential, via, address, request_id)
              VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  /** All but the newest so many of one publisher. */
  cutAudit: `DELETE FROM audit WHERE sequence IN (
               SELECT sequence FROM audit INDEXED BY audit_of_publisher
               WHERE credential = 'api_key' AND detail ->> 'key_id' = ? ORDER BY sequence DESC LIMIT -1 OFFSET ?)`,
  lapsedAudit: `DELETE FROM audit WHERE sequence IN (
                  SELECT sequence FROM audit INDEXED BY audit_of_publishers
                  WHERE credential = 'api_key' AND at <= ? ORDER BY at LIMIT ?)`,

  maintenance: `SELECT value FROM meta WHERE name = 'maintenance'`,
  beginMaintenance: `INSERT INTO meta (name, value) VALUES ('maintenance', ?)`,
  endMaintenance: `DELETE FROM meta WHERE name = 'maintenance'`,

  saw: `UPDATE meta SET value = ? WHERE name = 'last_seen'`,
} as const

export function prepareAll<T extends Record<string, string>>(
  db: Database,
  sql: T,
): { [name in keyof T]: Statement } {
  return Object.fromEntries(Object.entries(sql).map(([name, text]) => [name, db.prepare(text)])) as {
    [name in keyof T]: Statement
  }
}
