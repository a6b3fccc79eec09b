/** Chance that can be repeated: a run that went wrong is run again with its seed. */
export type Random = {
  /** Uniform in [0, 1). */
  next(): number
  /** A whole number, `from` ≤ n ≤ `to`. */
  between(from: number, to: number): number
  chance(probability: number): boolean
  pick<T>(of: readonly T[]): T
}

/** mulberry32 (Tommy Ettinger, public domain): 32 bits of state are plenty for choosing instants. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    chance: probability => next() < probability,
    pick: of => of[Math.floor(next() * of.length)]!,
  }
}
