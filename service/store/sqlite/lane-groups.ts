import { claimOrder, type Head } from '../../intent/routing.ts'

/** A lane as the index of ready work sees it: its best ready intent, or `null` when nothing in it is ready. */
export type Ranked = { id: number; head: Head | null }

/**
 * The lanes of one group that have ready work, as a binary heap with the best head on top. Ten thousand lanes cost a
 * claim what ten do: it looks at the top, and the lane it took from sinks to its new place.
 */
export class LaneGroup<L extends Ranked> {
  /** Lanes that belong here, with ready work or without; a group is forgotten with its last member. */
  members = 0
  readonly #heap: L[] = []
  readonly #place = new Map<number, number>()

  best(): L | undefined {
    return this.#heap[0]
  }

  /** The best but for `lane`, which may only stand on top: the best two others are right below it. */
  bestBut(lane: L): L | undefined {
    const [top, left, right] = this.#heap
    if (top !== lane) return top
    if (left === undefined || right === undefined) return left
    return claimOrder(right.head!, left.head!) < 0 ? right : left
  }

  /** Puts a lane where its head belongs now, or takes it out when it has none. */
  update(lane: L): void {
    const at = this.#place.get(lane.id)
    if (lane.head === null) {
      if (at !== undefined) this.#remove(at)
    } else if (at === undefined) {
      this.#heap.push(lane)
      this.#rise(this.#heap.length - 1, lane)
    } else {
      this.#settle(at, lane)
    }
  }

  #remove(at: number): void {
    this.#place.delete(this.#heap[at]!.id)
    const last = this.#heap.pop()!
    if (at < this.#heap.length) this.#settle(at, last)
  }

  #settle(at: number, lane: L): void {
    if (this.#rise(at, lane) === at) this.#sink(at, lane)
  }

  #rise(from: number, lane: L): number {
    let at = from
    while (at > 0) {
      const above = (at - 1) >> 1
      if (claimOrder(lane.head!, this.#heap[above]!.head!) >= 0) break
      this.#put(at, this.#heap[above]!)
      at = above
    }
    this.#put(at, lane)
    return at
  }

  #sink(from: number, lane: L): void {
    let at = from
    for (;;) {
      let below = 2 * at + 1
      if (below >= this.#heap.length) break
      const right = below + 1
      if (right < this.#heap.length && claimOrder(this.#heap[right]!.head!, this.#heap[below]!.head!) < 0)
        below = right
      if (claimOrder(lane.head!, this.#heap[below]!.head!) <= 0) break
      this.#put(at, this.#heap[below]!)
      at = below
    }
    this.#put(at, lane)
  }

  #put(at: number, lane: L): void {
    this.#heap[at] = lane
    this.#place.set(lane.id, at)
  }
}
