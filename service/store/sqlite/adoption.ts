import type { Database, Statement } from 'better-sqlite3'
import type { Death, State } from '../../intent/lifecycle.ts'
import type { KeyId } from '../../intent/routing.ts'
import type { Intent, IntentResult } from '../records.ts'
import { StorageError } from '../store.ts'
import { opening, openWriting } from './connection.ts'
import { keepValue } from './operations/values.ts'
import { takeOwnership } from './ownership.ts'
import { CLAIMED, DEAD, DELAYED, FULFILLED, READY } from './states.ts'
import { isStorageFault, storageError } from './storage-faults.ts'
import { Writer } from './writer.ts'

/** An intent in the midst of its life. Times are in ms, as everywhere in the store. */
export type AdoptedIntent = Pick<
  Intent,
  | 'id'
  | 'route'
  | 'priority'
  | 'attempts'
  | 'maxAttempts'
  | 'backoffMs'
  | 'createdAt'
  | 'runAt'
  | 'expiresAt'
  | 'lastError'
  | 'claimer'
> & {
  /** Compact JSON text. */
  payload: string
} & (
    | { state: Extract<State, 'delayed' | 'ready'> }
    | { state: 'claimed'; claimedAt: number; leaseUntil: number; token: string }
    | { state: 'fulfilled'; completedAt: number; result: IntentResult | null }
    | (Death & { state: 'dead'; diedAt: number })
  )

/** `seal` seals it for its identity, which is the number it gets. */
export type AdoptedKey = {
  hash: Buffer
  seal: (identity: KeyId) => Buffer
  prefix: string
  owner: string
  createdAt: number
}
export type AdoptedUse = {
  keyId: KeyId
  key: string
  fingerprint: string
  intentId: string
  namespace: string
  expiresAt: number
}

/** What was taken in once is not taken a second time, even when it has been deleted since. */
export type Marked = 'intent' | 'key'

/**
 * The marks stand in a table that is made when it is first needed: a bus that has adopted nothing has none, and the bus
 * itself never reads it.
 */
const MARKS = `CREATE TABLE IF NOT EXISTS adopted (
                 kind TEXT NOT NULL,
                 id   TEXT NOT NULL,
                 PRIMARY KEY (kind, id)
               ) STRICT, WITHOUT ROWID`

export const lastSeenOf = (db: Database): number =>
  db.prepare(`SELECT value FROM meta WHERE name = 'last_seen'`).pluck().get() as number

/** In the order in which they died, which is known only when all of them are here. */
const DEATHS = `CREATE TEMP TABLE deaths (n INTEGER PRIMARY KEY, lane INTEGER, attempts INTEGER, reason TEXT, cause TEXT, at INTEGER)`
const BURY_ALL = `INSERT INTO dead_letters (intent, lane, attempts, reason, cause, created_at)
                  SELECT n, lane, attempts, reason, cause, at FROM temp.deaths ORDER BY at, n`

const SQL = {
  intent: `INSERT INTO intents (id, lane, state, priority, attempts, max_attempts, backoff_ms, created_at, run_at,
                                expires_at, due_at, claimed_at, claimer, token, last_error)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  key: `INSERT INTO api_keys (hash, sealed, prefix, owner, created_at) VALUES (?, ?, ?, ?, ?)`,
  dropKey: `DELETE FROM api_keys WHERE id = ?`,
  death: `INSERT INTO temp.deaths (n, lane, attempts, reason, cause, at) VALUES (?, ?, ?, ?, ?, ?)`,
  mark: `INSERT INTO adopted (kind, id) VALUES (?, ?) ON CONFLICT DO NOTHING`,
} as const

const NOTHING = Buffer.alloc(0)

/** Lanes whose tallies wait to be written; beyond it they are, so that memory does not grow with what comes in. */
const MOST_UNWRITTEN = 10_000

/**
 * Takes in intents, keys and values as they stand in another bus: all of it in one transaction, with the tallies that
 * every commit keeps. For a process of its own: it holds the database's lock, and no bus runs meanwhile.
 */
export class Adoption {
  readonly #db: Database
  readonly #writer: Writer
  readonly #letGo: () => void
  readonly #sql: { [name in keyof typeof SQL]: Statement }
  #unwritten = 0

  private constructor(db: Database, writer: Writer, letGo: () => void) {
    this.#db = db
    this.#writer = writer
    this.#letGo = letGo
    this.#sql = {
      intent: db.prepare(SQL.intent),
      key: db.prepare(SQL.key),
      dropKey: db.prepare(SQL.dropKey),
      death: db.prepare(SQL.death),
      mark: db.prepare(SQL.mark),
    }
  }

  /**
   * Opens the database at `path`, which is made when it is missing, and begins.
   *
   * @param wallMs unix time in ms; what the database has seen counts if it is later
   * @throws {StoreOpenError} a bus runs on it, or it cannot be opened; it is as it was then
   */
  static begin(path: string, wallMs: number, say: (line: string) => void): Adoption {
    const letGo = takeOwnership(path, { makes: true })
    try {
      const db = openWriting(path, say)
      return opening(path, () => {
        const writer = new Writer(db, { info: say, error: say })
        db.exec(DEATHS)
        writer.sql.begin.run()
        db.exec(MARKS)
        writer.now = Math.max(wallMs, lastSeenOf(db))
        return new Adoption(db, writer, letGo)
      })
    } catch (error) {
      letGo()
      throw error
    }
  }

  get db(): Database {
    return this.#db
  }

  /** Bus time, in ms. */
  get now(): number {
    return this.#writer.now
  }

  key({ hash, seal, prefix, owner, createdAt }: AdoptedKey): KeyId {
    this.#mark('key', hash.toString('hex'))
    const id = this.#sql.key.run(hash, NOTHING, prefix, owner, createdAt).lastInsertRowid as number
    this.#writer.sql.resealKey.run(seal(id), id)
    return id
  }

  /** Takes a number that no key will ever have. */
  revokedKey(): KeyId {
    const id = this.#sql.key.run(NOTHING, NOTHING, '', '', this.#writer.now).lastInsertRowid as number
    this.#sql.dropKey.run(id)
    return id
  }

  /** In the order in which they were published: it decides between those that are alike otherwise. */
  intent(intent: AdoptedIntent): void {
    const { sql, lanes } = this.#writer
    const lane = lanes.intern(intent.route)
    const { state, dueAt, claimedAt, token } = standing(intent)
    const n = this.#sql.intent.run(
      intent.id,
      lane.id,
      state,
      intent.priority,
      intent.attempts,
      intent.maxAttempts,
      intent.backoffMs,
      intent.createdAt,
      intent.runAt,
      intent.expiresAt,
      dueAt,
      claimedAt,
      intent.claimer,
      token,
      intent.lastError,
    ).lastInsertRowid as number
    sql.insertPayload.run(n, intent.payload)
    if (intent.state === 'fulfilled' && intent.result !== null) {
      sql.keepResult.run(n, intent.result.type === 'text' ? 1 : 0, intent.result.text)
    }
    if (intent.state === 'dead') {
      this.#sql.death.run(n, lane.id, intent.attempts, intent.reason, intent.cause, intent.diedAt)
    }
    this.#mark('intent', intent.id)
    if (!lane.touched) this.#unwritten += 1
    lanes.move(lane, null, state, 1, Buffer.byteLength(intent.payload))
    if (this.#unwritten >= MOST_UNWRITTEN) this.#flush()
  }

  value(keyId: KeyId, key: string, value: string, expiresAt: number): void {
    keepValue(this.#writer, { keyId, key, value, expiresAt })
  }

  idempotencyKey({ keyId, key, fingerprint, intentId, namespace, expiresAt }: AdoptedUse): void {
    this.#writer.sql.keepIdempotent.run(keyId, key, fingerprint, intentId, namespace, expiresAt)
  }

  nonce(keyId: KeyId, nonce: string, expiresAt: number): void {
    this.#writer.sql.keepNonce.run(keyId, nonce, expiresAt)
  }

  /** @throws {StorageError} the disk did not take it; nothing has happened then */
  commit(): void {
    this.attempt(() => {
      this.#flush()
      this.#db.exec(BURY_ALL)
      this.#writer.sql.saw.run(this.#writer.now)
      this.#writer.sql.commit.run()
    })
  }

  /** Does what writes, and tells a fault of the disk from one of the program. */
  attempt<T>(write: () => T): T {
    try {
      return write()
    } catch (error) {
      throw isStorageFault(error) ? storageError(error) : error
    }
  }

  /** Undoes what has not been committed, and lets the next bus in. */
  close(): void {
    try {
      if (this.#db.inTransaction) this.#writer.sql.rollback.run()
      this.#db.pragma('wal_checkpoint(TRUNCATE)')
    } catch (error) {
      // What was committed is safe in the log, which the next start reads.
      if (!isStorageFault(error) && !(error instanceof StorageError)) throw error
    } finally {
      this.#db.close()
      this.#letGo()
    }
  }

  #flush(): void {
    this.#writer.lanes.flush()
    this.#unwritten = 0
  }

  #mark(kind: Marked, id: string): void {
    this.#sql.mark.run(kind, id)
  }
}

type Standing = { state: number; dueAt: number; claimedAt: number | null; token: string | null }

/** The columns that depend on the state; the schema says what `due_at` is in each. */
function standing(intent: AdoptedIntent): Standing {
  const none = { claimedAt: null, token: null }
  switch (intent.state) {
    case 'delayed':
      return { state: DELAYED, dueAt: intent.runAt, ...none }
    case 'ready':
      return { state: READY, dueAt: intent.expiresAt, ...none }
    case 'claimed': {
      const { claimedAt, leaseUntil, token } = intent
      return { state: CLAIMED, dueAt: leaseUntil, claimedAt, token }
    }
    case 'fulfilled':
      return { state: FULFILLED, dueAt: intent.completedAt, ...none }
    case 'dead':
      return { state: DEAD, dueAt: intent.diedAt, ...none }
  }
}
