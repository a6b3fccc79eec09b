/** Databases as the reference server leaves them, version by version. */
import { createHash } from 'node:crypto'
import Sqlite, { type Database } from 'better-sqlite3'

export type Version = '7.0' | '7.0.1' | '7.6' | '7.61'

const COLUMNS: Record<Version, string[]> = {
  '7.0': [
    'id TEXT PRIMARY KEY',
    ...['goal TEXT', 'payload TEXT', 'status TEXT', 'reward INTEGER', 'created_at REAL', 'expires_at REAL'],
    ...['claimed_at REAL', 'claimed_by TEXT'],
  ],
  '7.0.1': [],
  '7.6': [
    'id TEXT PRIMARY KEY',
    ...[`namespace TEXT DEFAULT 'default'`, 'goal TEXT NOT NULL', 'payload TEXT NOT NULL'],
    ...['status TEXT NOT NULL', 'priority INTEGER DEFAULT 100', 'target_worker TEXT'],
    ...['required_capability TEXT', 'created_at REAL NOT NULL', 'expires_at REAL NOT NULL'],
    ...['run_at REAL NOT NULL', 'claimed_at REAL', 'claim_expires_at REAL', 'claimed_by TEXT'],
    ...['publisher TEXT NOT NULL', 'claim_attempts INTEGER DEFAULT 0', 'max_attempts INTEGER DEFAULT 3'],
    ...['backoff_base REAL DEFAULT 5.0', `visibility TEXT DEFAULT 'private'`, 'last_error TEXT'],
    ...['failed_at REAL', 'result TEXT', 'result_type TEXT', 'completed_at REAL'],
  ],
  '7.61': [],
}
COLUMNS['7.0.1'] = [
  ...COLUMNS['7.0'],
  ...['publisher TEXT', 'claim_attempts INTEGER DEFAULT 0', 'last_error TEXT', 'failed_at REAL'],
  `visibility TEXT DEFAULT 'private'`,
]
COLUMNS['7.61'] = [...COLUMNS['7.6'], 'claim_token TEXT']

const SHARED_TABLES = `
  CREATE TABLE store (key TEXT PRIMARY KEY, value TEXT, expires_at REAL);
  CREATE TABLE tester_keys (api_key TEXT PRIMARY KEY, owner TEXT, total_requests INTEGER DEFAULT 0, created_at REAL);
  CREATE TABLE rate_limits (identifier TEXT PRIMARY KEY, count INTEGER, window REAL);`
const SINCE_701 = `
  CREATE TABLE idempotency_keys (api_key TEXT, key TEXT, body_hash TEXT, response TEXT, status_code INTEGER,
                                 created_at REAL, PRIMARY KEY (api_key, key));
  CREATE TABLE request_nonces (api_key TEXT, nonce TEXT, created_at REAL, PRIMARY KEY (api_key, nonce));`
const SINCE_75 = `
  CREATE TABLE dead_letters (id INTEGER PRIMARY KEY AUTOINCREMENT, intent_id TEXT UNIQUE, namespace TEXT, goal TEXT,
                             payload TEXT, publisher TEXT, visibility TEXT, attempts INTEGER, reason TEXT,
                             created_at REAL);`

type Fields = Record<string, string | number | null>

export const OLD_MASTER = 'old-master:with-colon-0123456789abcdef'
export const ALICE = `tk_${'a'.repeat(40)}`
export const GONE = `tk_${'9'.repeat(40)}`

export class ReferenceFile {
  readonly db: Database
  readonly path: string
  readonly version: Version
  readonly now = Date.now() / 1000
  #serial = 0

  constructor(path: string, version: Version = '7.61') {
    this.path = path
    this.version = version
    this.db = new Sqlite(path)
    // As the server has it, whose connections come and go.
    this.db.pragma('journal_mode = WAL')
    this.db.pragma('synchronous = OFF')
    this.db.exec(`CREATE TABLE intents (${COLUMNS[version].join(', ')});${SHARED_TABLES}`)
    if (version !== '7.0') this.db.exec(SINCE_701)
    if (version === '7.6' || version === '7.61') this.db.exec(SINCE_75)
  }

  /** A private, open intent of the master key, published now, but for what is said. @returns its id */
  intent(fields: Fields = {}): string {
    this.#serial += 1
    const createdAt = Number(fields['created_at'] ?? this.now) || this.now
    const plain: Fields = {
      id: this.#serial.toString(16).padStart(this.version === '7.0' ? 8 : 32, '0'),
      goal: 'greet',
      payload: '{"name":"Ada"}',
      status: 'open',
      created_at: createdAt,
      expires_at: createdAt + 86_400,
    }
    if (this.version !== '7.0') plain['publisher'] = OLD_MASTER
    if (this.version === '7.6' || this.version === '7.61') plain['run_at'] = createdAt
    const row = { ...plain, ...fields }
    this.#insert('intents', row)
    return String(row['id'])
  }

  letter(id: string, fields: Fields = {}): void {
    const plain = { namespace: 'default', goal: 'greet', payload: '{"name":"Ada"}', publisher: OLD_MASTER }
    const death = { visibility: 'private', attempts: 3, reason: 'no paper', created_at: this.now - 60 }
    this.#insert('dead_letters', { intent_id: id, ...plain, ...death, ...fields })
  }

  key(apiKey: string, owner: string | null = 'somebody'): void {
    this.#insert('tester_keys', { api_key: apiKey, owner, created_at: this.now - 3600 })
  }

  value(key: string, value: string | null, fields: Fields = {}): void {
    this.#insert('store', { key, value, expires_at: this.now + 600, ...fields })
  }

  /** @param body the body that was published, its keys sorted and compact, in ASCII */
  used(apiKey: string, key: string, body: string, id: string, fields: Fields = {}): void {
    const response = JSON.stringify({ id, status: 'published', namespace: 'default' })
    const body_hash = createHash('sha256').update(body).digest('hex')
    const plain = { api_key: apiKey, key, body_hash, response, status_code: 201, created_at: this.now - 60 }
    this.#insert('idempotency_keys', { ...plain, ...fields })
  }

  nonce(apiKey: string, nonce: string): void {
    this.#insert('request_nonces', { api_key: apiKey, nonce, created_at: this.now - 10 })
  }

  /** Gives the file up, as the server does when it is stopped. */
  close(): string {
    this.db.close()
    return this.path
  }

  #insert(table: string, fields: Fields): void {
    const names = Object.keys(fields)
    this.db
      .prepare(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`)
      .run(...Object.values(fields))
  }
}
