import type { GoalDepth } from '../records.ts'
import { busiest } from './busiest.ts'

/** What is open and claimed of a goal, in all its lanes that are in memory. */
export type GoalLoad = GoalDepth & { lanes: number }

/** Kept by whatever moves an intent, so that the busiest goals are found without counting intents, or lanes. */
export class GoalLoads {
  readonly #loads = new Map<string, GoalLoad>()

  clear(): void {
    this.#loads.clear()
  }

  /** A lane comes into memory, with so much in it. */
  join(namespace: string, goal: string, open: number, claimed: number): GoalLoad {
    const key = keyOf(namespace, goal)
    const load = this.#loads.get(key) ?? { namespace, goal, open: 0, claimed: 0, lanes: 0 }
    this.#loads.set(key, load)
    load.lanes += 1
    load.open += open
    load.claimed += claimed
    return load
  }

  /** A lane in which nothing is open or claimed leaves memory. */
  leave(load: GoalLoad): void {
    load.lanes -= 1
    if (load.lanes === 0) this.#loads.delete(keyOf(load.namespace, load.goal))
  }

  /** Only those with work. */
  busiest(limit: number): GoalDepth[] {
    const found = busiest(this.#loads.values(), limit)
    return found.filter(hasWork).map(({ lanes: _, ...depth }) => depth)
  }
}

/** A namespace has no blank in it. */
const keyOf = (namespace: string, goal: string): string => `${namespace} ${goal}`
const hasWork = ({ open, claimed }: GoalDepth): boolean => open + claimed > 0
