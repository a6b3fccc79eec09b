import { existsSync } from 'node:fs'
import type { Database, Statement } from 'better-sqlite3'
import type { KeyId } from '../intent/routing.ts'
import type { NumberedKey } from '../secrets/sealing-key.ts'
import {
  type AdoptedIntent,
  type AdoptedKey,
  type AdoptedUse,
  Adoption,
  lastSeenOf,
  type Marked,
} from '../store/sqlite/adoption.ts'
import { inspect, openReading } from '../store/sqlite/connection.ts'
import { type KeyRow, keyOf } from '../store/sqlite/key-rows.ts'
import { refuseForeign } from '../store/sqlite/migrate.ts'

/** Where rows go: a database, or, for a dry run, nowhere. */
export interface Target {
  /** Bus time, in ms. */
  readonly now: number
  /** The API keys that are there, as they are sealed. */
  sealedKeys(): NumberedKey[]
  keyOf(hash: Buffer): KeyId | null
  hasIntent(id: string): boolean
  hasValue(keyId: KeyId, key: string): boolean
  hasUse(keyId: KeyId, key: string): boolean
  /** Whether it came in by an earlier import, whatever became of it. */
  hasTaken(kind: Marked, id: string): boolean
  addKey(key: AdoptedKey): KeyId
  addRevokedKey(): KeyId
  addIntent(intent: AdoptedIntent): void
  addValue(keyId: KeyId, key: string, value: string, expiresAt: number): void
  addUse(use: AdoptedUse): void
  addNonce(keyId: KeyId, nonce: string, expiresAt: number): void
  commit(): void
  close(): void
}

const SQL = {
  key: 'SELECT id FROM api_keys WHERE hash = ?',
  intent: 'SELECT 1 FROM intents WHERE id = ?',
  value: 'SELECT 1 FROM key_values WHERE key_id = ? AND key = ?',
  use: 'SELECT 1 FROM idempotency_keys WHERE key_id = ? AND key = ?',
} as const

/** What is in a database already. */
class Present {
  readonly #db: Database
  readonly #sql: { [name in keyof typeof SQL]: Statement }
  readonly #marked: Statement | null

  constructor(db: Database) {
    this.#db = db
    const prepared = Object.entries(SQL).map(([name, text]) => [name, db.prepare(text).pluck()])
    this.#sql = Object.fromEntries(prepared)
    const marks = db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'adopted'`).get()
    this.#marked = marks === undefined ? null : db.prepare('SELECT 1 FROM adopted WHERE kind = ? AND id = ?')
  }

  sealedKeys = () => (this.#db.prepare('SELECT * FROM api_keys').all() as KeyRow[]).map(keyOf)
  keyOf = (hash: Buffer) => (this.#sql.key.get(hash) as KeyId | undefined) ?? null
  hasIntent = (id: string) => this.#sql.intent.get(id) !== undefined
  hasValue = (keyId: KeyId, key: string) => this.#sql.value.get(keyId, key) !== undefined
  hasUse = (keyId: KeyId, key: string) => this.#sql.use.get(keyId, key) !== undefined
  hasTaken = (kind: Marked, id: string) => this.#marked?.get(kind, id) !== undefined
}

/** Looks, and writes nothing: a bus may run on it meanwhile, or there may be none yet. */
export class DryTarget implements Target {
  readonly now: number
  readonly #db: Database | null
  readonly #present: Present | null
  /** Of this run: an intent that comes twice is here already the second time. */
  readonly #intents = new Set<string>()
  #unborn = 0

  /** @throws {StoreOpenError} */
  constructor(path: string, wallMs: number) {
    if (existsSync(path)) inspect(path)
    this.#db = existsSync(path) ? openReading(path) : null
    if (this.#db !== null) refuseForeign(this.#db)
    const tables = this.#db
      ?.prepare(`SELECT count(*) FROM sqlite_schema WHERE name = 'intents'`)
      .pluck()
      .get()
    this.#present = this.#db !== null && tables === 1 ? new Present(this.#db) : null
    this.now = Math.max(wallMs, this.#present === null ? 0 : lastSeenOf(this.#db!))
  }

  sealedKeys = () => []
  keyOf = (hash: Buffer) => this.#present?.keyOf(hash) ?? null
  hasIntent = (id: string) => this.#intents.has(id) || (this.#present?.hasIntent(id) ?? false)
  hasValue = (keyId: KeyId, key: string) => this.#present?.hasValue(keyId, key) ?? false
  hasUse = (keyId: KeyId, key: string) => this.#present?.hasUse(keyId, key) ?? false
  hasTaken = (kind: Marked, id: string) => this.#present?.hasTaken(kind, id) ?? false
  addKey = () => this.addRevokedKey()
  addRevokedKey(): KeyId {
    this.#unborn -= 1
    return this.#unborn
  }
  addIntent({ id }: AdoptedIntent): void {
    this.#intents.add(id)
  }
  addValue(): void {}
  addUse(): void {}
  addNonce(): void {}
  commit(): void {}
  close(): void {
    this.#db?.close()
  }
}

/** Writes, in one transaction; `close` without `commit` undoes all of it. */
export class DatabaseTarget implements Target {
  readonly #adoption: Adoption
  readonly #present: Present

  /** @throws {StoreOpenError} a bus runs on it, or it cannot be opened */
  constructor(path: string, wallMs: number, say: (line: string) => void) {
    inspect(path)
    this.#adoption = Adoption.begin(path, wallMs, say)
    this.#present = new Present(this.#adoption.db)
  }

  get now(): number {
    return this.#adoption.now
  }

  sealedKeys = () => this.#present.sealedKeys()
  keyOf = (hash: Buffer) => this.#present.keyOf(hash)
  hasIntent = (id: string) => this.#present.hasIntent(id)
  hasValue = (keyId: KeyId, key: string) => this.#present.hasValue(keyId, key)
  hasUse = (keyId: KeyId, key: string) => this.#present.hasUse(keyId, key)
  hasTaken = (kind: Marked, id: string) => this.#present.hasTaken(kind, id)
  addKey = (key: AdoptedKey) => this.#adoption.attempt(() => this.#adoption.key(key))
  addRevokedKey = () => this.#adoption.attempt(() => this.#adoption.revokedKey())
  addIntent = (intent: AdoptedIntent) => this.#adoption.attempt(() => this.#adoption.intent(intent))
  addValue = (keyId: KeyId, key: string, value: string, expiresAt: number) =>
    this.#adoption.attempt(() => this.#adoption.value(keyId, key, value, expiresAt))
  addUse = (use: AdoptedUse) => this.#adoption.attempt(() => this.#adoption.idempotencyKey(use))
  addNonce = (keyId: KeyId, nonce: string, expiresAt: number) =>
    this.#adoption.attempt(() => this.#adoption.nonce(keyId, nonce, expiresAt))
  commit = () => this.#adoption.commit()
  close = () => this.#adoption.close()
}
