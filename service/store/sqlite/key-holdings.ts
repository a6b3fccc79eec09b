import type { Database, Statement } from 'better-sqlite3'
import type { KeyId } from '../../intent/routing.ts'
import type { KeyHolding } from '../records.ts'

export type Holding = KeyHolding & {
  readonly keyId: KeyId
  /** Lanes in memory that refer to it. */
  lanes: number
  /** Whether this commit changed `valueBytes`. */
  touched: boolean
}

type AllStatement = Statement<[], { keyId: KeyId; bytes: number }>

export const HOLDING_SQL = {
  all: `SELECT key_id AS keyId, bytes FROM value_bytes`,
  keep: `INSERT INTO value_bytes (key_id, bytes) VALUES (?, ?) ON CONFLICT DO UPDATE SET bytes = excluded.bytes`,
  drop: `DELETE FROM value_bytes WHERE key_id = ?`,
} as const

/**
 * What each identity holds, kept by whatever adds to it or takes away, so that no limit has to add anything up. Lanes bring what
 * is known of intents; what values weigh has a table of its own.
 */
export class KeyHoldings {
  readonly #byKey = new Map<KeyId, Holding>()
  readonly #touched: Holding[] = []
  readonly #all: AllStatement
  readonly #keep: Statement
  readonly #drop: Statement
  /** Of all keys. */
  bytes = 0

  constructor(db: Database) {
    this.#all = db.prepare(HOLDING_SQL.all) as AllStatement
    this.#keep = db.prepare(HOLDING_SQL.keep)
    this.#drop = db.prepare(HOLDING_SQL.drop)
  }

  /** Forgets all but what the table says of values. The lanes come next. */
  reload(): void {
    this.#byKey.clear()
    this.#touched.length = 0
    this.bytes = 0
    for (const { keyId, bytes } of this.#all.iterate()) {
      this.#of(keyId).valueBytes = bytes
      this.bytes += bytes
    }
  }

  /** A lane of this key comes into memory. */
  join(keyId: KeyId, unsettled: number, payloadBytes: number): Holding {
    const holding = this.#of(keyId)
    holding.lanes += 1
    holding.unsettled += unsettled
    this.countPayload(holding, payloadBytes)
    return holding
  }

  /** A lane in which nothing is open or claimed leaves memory. */
  leave(holding: Holding): void {
    holding.lanes -= 1
    this.#forgetIfNothing(holding)
  }

  unsettled(keyId: KeyId): number {
    return this.#byKey.get(keyId)?.unsettled ?? 0
  }

  /** Open payloads and values, in bytes. */
  bytesOf(keyId: KeyId): { payloads: number; values: number } {
    const holding = this.#byKey.get(keyId)
    return { payloads: holding?.payloadBytes ?? 0, values: holding?.valueBytes ?? 0 }
  }

  countPayload(holding: Holding, bytes: number): void {
    holding.payloadBytes += bytes
    this.bytes += bytes
  }

  countValue(keyId: KeyId, bytes: number): void {
    if (bytes === 0) return
    const holding = this.#of(keyId)
    holding.valueBytes += bytes
    this.bytes += bytes
    if (holding.touched) return
    holding.touched = true
    this.#touched.push(holding)
  }

  /** Writes what changed; the last thing a commit does. */
  flush(): void {
    for (const holding of this.#touched) {
      holding.touched = false
      if (holding.valueBytes > 0) this.#keep.run(holding.keyId, holding.valueBytes)
      else this.#drop.run(holding.keyId)
      this.#forgetIfNothing(holding)
    }
    this.#touched.length = 0
  }

  /** By key; one that has neither intents nor bytes is left out. */
  perKey(): Map<KeyId, KeyHolding> {
    const found = new Map<KeyId, KeyHolding>()
    for (const { keyId, unsettled, payloadBytes, valueBytes } of this.#byKey.values()) {
      if (unsettled + payloadBytes + valueBytes === 0) continue
      found.set(keyId, { unsettled, payloadBytes, valueBytes })
    }
    return found
  }

  #of(keyId: KeyId): Holding {
    let holding = this.#byKey.get(keyId)
    if (holding === undefined) {
      holding = { keyId, unsettled: 0, payloadBytes: 0, valueBytes: 0, lanes: 0, touched: false }
      this.#byKey.set(keyId, holding)
    }
    return holding
  }

  #forgetIfNothing(holding: Holding): void {
    if (holding.lanes === 0 && holding.valueBytes === 0 && !holding.touched) this.#byKey.delete(holding.keyId)
  }
}
