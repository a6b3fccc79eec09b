import { BusError } from '../../errors.ts'
import type { KeyId } from '../../intent/routing.ts'
import type { Caller } from '../auth/keys.ts'

const RETRY_S = 1

/**
 * Requests whose bodies are still on their way. Each holds a connection for as long as a request may take, so an issued key
 * may have only so many of them at once. The master key has no limit.
 */
export class UnfinishedBodies {
  readonly #mostPerKey: number
  readonly #ofKey = new Map<KeyId, number>()

  constructor(mostPerKey: number) {
    this.#mostPerKey = mostPerKey
  }

  /** @throws {BusError} `limit_exceeded` */
  begin({ keyId, isMaster }: Caller): void {
    const those = this.#ofKey.get(keyId) ?? 0
    if (!isMaster && those >= this.#mostPerKey) {
      throw new BusError(
        'limit_exceeded',
        `This key has ${those} requests whose bodies are still on their way, as many as a key may have.`,
        RETRY_S,
      )
    }
    this.#ofKey.set(keyId, those + 1)
  }

  end({ keyId }: Caller): void {
    const left = this.#ofKey.get(keyId)! - 1
    if (left === 0) this.#ofKey.delete(keyId)
    else this.#ofKey.set(keyId, left)
  }
}
