import { BusError } from '../../errors.ts'
import type { KeyId } from '../../intent/routing.ts'
import type { Caller } from '../auth/keys.ts'

const RETRY_S = 1

/** From so many counts on, those of keys that have none under way are dropped. */
const TIDY_FROM = 1000

export type Count = { underWay: number }

/**
 * Requests whose bodies are still on their way. Each holds a connection for as long as a request may take, so an issued key
 * may have only so many of them at once. The master key has no limit.
 */
export class UnfinishedBodies {
  readonly #mostPerKey: number
  /** A key that has none keeps its count: to take it out and put it back with each request cost 1 us. */
  readonly #ofKey = new Map<KeyId, Count>()
  #tidyFrom = TIDY_FROM

  constructor(mostPerKey: number) {
    this.#mostPerKey = mostPerKey
  }

  /** @returns the count of the caller's key; `null`: none is kept of it @throws {BusError} `limit_exceeded` */
  begin({ keyId, isMaster }: Caller): Count | null {
    if (isMaster) return null
    const those = this.#ofKey.get(keyId) ?? this.#first(keyId)
    if (those.underWay >= this.#mostPerKey) {
      throw new BusError(
        'limit_exceeded',
        `This key has ${those.underWay} requests whose bodies are still on their way, as many as a key may have. Send one of them to its end first.`,
        RETRY_S,
      )
    }
    those.underWay += 1
    return those
  }

  end(count: Count | null): void {
    if (count !== null) count.underWay -= 1
  }

  #first(keyId: KeyId): Count {
    if (this.#ofKey.size >= this.#tidyFrom) this.#tidy()
    const count = { underWay: 0 }
    this.#ofKey.set(keyId, count)
    return count
  }

  #tidy(): void {
    for (const [keyId, { underWay }] of this.#ofKey) if (underWay === 0) this.#ofKey.delete(keyId)
    this.#tidyFrom = Math.max(TIDY_FROM, 2 * this.#ofKey.size)
  }
}
