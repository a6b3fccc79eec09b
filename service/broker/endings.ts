import type { KeyId } from '../intent/routing.ts'

type Listener = { keyId: KeyId; heard: () => void }

/** Who waits for an intent to end, by its id. A transaction that ends it tells them all. */
export class Endings {
  readonly #waiting = new Map<string, Set<Listener>>()

  get size(): number {
    let waiting = 0
    for (const those of this.#waiting.values()) waiting += those.size
    return waiting
  }

  /** @param keyId of whoever waits @returns what calls it off; `heard` is called at most once */
  listen(id: string, keyId: KeyId, heard: () => void): () => void {
    const those = this.#waiting.get(id) ?? new Set()
    const listener = { keyId, heard }
    this.#waiting.set(id, those)
    those.add(listener)
    return () => {
      those.delete(listener)
      if (those.size === 0 && this.#waiting.get(id) === those) this.#waiting.delete(id)
    }
  }

  ended(id: string): void {
    const those = this.#waiting.get(id)
    if (those === undefined) return
    this.#waiting.delete(id)
    for (const { heard } of those) heard()
  }

  get ids(): string[] {
    return [...this.#waiting.keys()]
  }

  /** Tells everybody to look again, or those with that key. */
  dismiss(keyId?: KeyId): void {
    for (const those of [...this.#waiting.values()]) {
      for (const listener of [...those]) if (keyId === undefined || listener.keyId === keyId) listener.heard()
    }
  }
}
