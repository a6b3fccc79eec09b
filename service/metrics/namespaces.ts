/** Names beyond this many share the label `other`: whoever may publish may also invent namespaces, and each costs memory. */
export const MAX_NAMESPACES = 100
export const OTHER = 'other'

/** Decides which namespaces are labels of their own: the first hundred. */
export class NamespaceLabels {
  readonly #known = new Set<string>()
  readonly #onNew: (label: string) => void

  /** @param onNew called once per label, before it is first used */
  constructor(onNew: (label: string) => void) {
    this.#onNew = onNew
  }

  /** Those that have a label of their own, `other` not being one. */
  get known(): string[] {
    return [...this.#known].filter(label => label !== OTHER)
  }

  /** How many more may have one. */
  get room(): number {
    return Math.max(0, MAX_NAMESPACES - this.#known.size)
  }

  of(namespace: string): string {
    if (this.#known.has(namespace)) return namespace
    const label = this.#known.size < MAX_NAMESPACES ? namespace : OTHER
    if (!this.#known.has(label)) {
      this.#known.add(label)
      this.#onNew(label)
    }
    return label
  }
}
