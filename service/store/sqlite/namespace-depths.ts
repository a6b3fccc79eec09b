import type { Counts, Depth } from '../records.ts'
import { busiest } from './busiest.ts'

type Kept = { depth: Depth; lanes: number }

/**
 * How many intents there are, in all and by namespace, kept by whatever moves one. With 290,000 namespaces, to add them up
 * or to hand them all out took seconds; now the sums are kept, and no more is handed out than is asked for.
 */
export class NamespaceDepths {
  readonly #kept = new Map<string, Kept>()
  #totals = nothing()
  #lanes = 0

  clear(): void {
    this.#kept.clear()
    this.#totals = nothing()
    this.#lanes = 0
  }

  /** As the tables have it. */
  load({ lanes, ...depth }: Depth & { lanes: number }): void {
    this.#kept.set(depth.namespace, { depth, lanes })
    this.#lanes += lanes
    for (const state of STATES) this.#totals[state] += depth[state]
  }

  /** A lane that could not be read when the others were, and can be now. */
  know(namespace: string): void {
    if (!this.#kept.has(namespace)) this.addLane(namespace)
  }

  addLane(namespace: string): void {
    this.#lanes += 1
    const kept = this.#kept.get(namespace)
    if (kept !== undefined) kept.lanes += 1
    else this.#kept.set(namespace, { depth: { namespace, ...nothing() }, lanes: 1 })
  }

  /** A namespace is forgotten with its last lane. */
  removeLane(namespace: string): void {
    this.#lanes -= 1
    const kept = this.#kept.get(namespace)!
    kept.lanes -= 1
    if (kept.lanes === 0) this.#kept.delete(namespace)
  }

  /** @param left the state they came from; `null`: they are new @param entered where they are now; `null`: they are gone */
  move(namespace: string, left: keyof Counts | null, entered: keyof Counts | null, count: number): void {
    const { depth } = this.#kept.get(namespace)!
    if (left !== null) {
      depth[left] -= count
      this.#totals[left] -= count
    }
    if (entered !== null) {
      depth[entered] += count
      this.#totals[entered] += count
    }
  }

  get totals(): Counts {
    return { ...this.#totals }
  }

  get namespaces(): number {
    return this.#kept.size
  }

  get lanes(): number {
    return this.#lanes
  }

  /** Those that are named, as far as they are there, and the busiest of the others. */
  of(names: readonly string[], most: number): Depth[] {
    const named = new Set(names)
    const found = [...named].flatMap(name => this.#kept.get(name)?.depth ?? [])
    return [...found, ...busiest(this.#others(named), most)].map(depth => ({ ...depth }))
  }

  *#others(named: ReadonlySet<string>): Iterable<Depth> {
    for (const { depth } of this.#kept.values()) if (!named.has(depth.namespace)) yield depth
  }
}

const STATES = ['open', 'claimed', 'fulfilled', 'dead'] as const
const nothing = (): Counts => ({ open: 0, claimed: 0, fulfilled: 0, dead: 0 })
