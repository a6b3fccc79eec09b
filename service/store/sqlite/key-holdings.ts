import type { Database, Statement } from 'better-sqlite3'
import type { KeyId } from '../../intent/routing.ts'
import type { KeyHolding } from '../records.ts'
import type { Damage } from './damage/damage.ts'
import { traced } from './damage/tracing.ts'
import { prepareAll } from './statements.ts'
import { isDamage } from './storage-faults.ts'

export type Holding = KeyHolding & {
  readonly keyId: KeyId
  /** Lanes in memory that refer to it. */
  lanes: number
  /** Whether this commit changed `valueBytes`. */
  touched: boolean
}

type Sum = { keyId: KeyId; bytes: number }
type HoldingStatements = { [name in keyof typeof HOLDING_SQL]: Statement }

export const HOLDING_SQL = {
  holdings: `SELECT key_id AS keyId, bytes FROM value_bytes`,
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
  readonly #statements: HoldingStatements
  #sql: HoldingStatements
  readonly #damage: Damage
  /** Of all keys. */
  bytes = 0

  constructor(db: Database, damage: Damage) {
    this.#statements = prepareAll(db, HOLDING_SQL)
    this.#sql = this.#statements
    this.#damage = damage
  }

  /** @param note of each statement that is about to be carried out; `null`: no note is taken */
  trace(note: ((text: string) => void) | null): void {
    this.#sql = note === null ? this.#statements : traced(this.#statements, HOLDING_SQL, note)
  }

  /** Forgets all but what the table says of values. The lanes come next. */
  reload(): void {
    this.#byKey.clear()
    this.#touched.length = 0
    this.bytes = 0
    try {
      for (const { keyId, bytes } of this.#sql.holdings.iterate() as IterableIterator<Sum>) {
        this.#of(keyId).valueBytes = bytes
        this.bytes += bytes
      }
    } catch (error) {
      if (!isDamage(error) || !this.#damage.isFound) throw error
      this.#damage.name('table value_bytes')
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

  /** The table of values has been emptied. */
  forgetValues(): void {
    for (const holding of this.#byKey.values()) this.countValue(holding.keyId, -holding.valueBytes)
  }

  /** Writes what changed; the last thing a commit does. */
  flush(): void {
    for (const holding of this.#touched) {
      holding.touched = false
      if (holding.valueBytes > 0) this.#sql.keep.run(holding.keyId, holding.valueBytes)
      else this.#sql.drop.run(holding.keyId)
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
