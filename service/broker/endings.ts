/** Who waits for an intent to end, by its id. A transaction that ends it tells them all. */
export class Endings {
  readonly #waiting = new Map<string, Set<() => void>>()

  get size(): number {
    let waiting = 0
    for (const those of this.#waiting.values()) waiting += those.size
    return waiting
  }

  /** @returns what calls it off; `heard` is called at most once */
  listen(id: string, heard: () => void): () => void {
    const those = this.#waiting.get(id) ?? new Set()
    this.#waiting.set(id, those)
    those.add(heard)
    return () => {
      those.delete(heard)
      if (those.size === 0 && this.#waiting.get(id) === those) this.#waiting.delete(id)
    }
  }

  ended(id: string): void {
    const those = this.#waiting.get(id)
    if (those === undefined) return
    this.#waiting.delete(id)
    for (const heard of those) heard()
  }

  get ids(): string[] {
    return [...this.#waiting.keys()]
  }

  dismiss(): void {
    for (const id of [...this.#waiting.keys()]) this.ended(id)
  }
}
