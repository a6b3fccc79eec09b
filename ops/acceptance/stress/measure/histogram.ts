/**
 * Counts in buckets that grow by 1 %: from a microsecond to hours in at most 2,300 of them, every value told to within
 * half a percent, and two can be added up. Percentiles of percentiles cannot.
 */
const GROWTH = 1.01
const LOG_GROWTH = Math.log(GROWTH)
const LEAST_MS = 0.001

const bucketOf = (ms: number): number =>
  ms <= LEAST_MS ? 0 : Math.ceil(Math.log(ms / LEAST_MS) / LOG_GROWTH)
const middleOf = (bucket: number): number => LEAST_MS * GROWTH ** (bucket - 0.5)

export type Summary = { count: number; p50: number; p90: number; p99: number; max: number }

export class Histogram {
  readonly #counts = new Map<number, number>()
  #count = 0
  #max = 0

  /** @param ms a latency, >= 0 */
  record(ms: number): void {
    const bucket = bucketOf(ms)
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1)
    this.#count += 1
    if (ms > this.#max) this.#max = ms
  }

  add(other: Histogram): void {
    for (const [bucket, count] of other.#counts) {
      this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count)
    }
    this.#count += other.#count
    this.#max = Math.max(this.#max, other.#max)
  }

  get count(): number {
    return this.#count
  }

  /** @param share 0 < share <= 1 @returns the value in ms that so much of them do not exceed (nearest rank); NaN of nothing */
  percentile(share: number): number {
    const rank = Math.max(1, Math.ceil(this.#count * share))
    if (rank >= this.#count) return this.#count === 0 ? Number.NaN : this.#max
    let seen = 0
    for (const [bucket, count] of this.#inOrder()) {
      seen += count
      if (seen >= rank) return Math.min(middleOf(bucket), this.#max)
    }
    return this.#max
  }

  summary(): Summary {
    const of = (share: number) => round(this.percentile(share))
    return { count: this.#count, p50: of(0.5), p90: of(0.9), p99: of(0.99), max: of(1) }
  }

  /** `[ms, count]`, a pair per bucket that holds something, in order. */
  buckets(): [ms: number, count: number][] {
    return this.#inOrder().map(([bucket, count]) => [round(middleOf(bucket)), count])
  }

  #inOrder(): [number, number][] {
    return [...this.#counts].sort(([a], [b]) => a - b)
  }
}

/** Four digits: more would be noise. */
export const round = (value: number): number => Number(value.toPrecision(4))
