import type { Asked } from './findings.ts'

/** `longestMs` is the CPU time of the longest turn, `tookMs` that of all turns. */
export type Slow = { route: string; bytes: number; kind: string; longestMs: number; tookMs: number }

const KEPT = 10

/** The ten inputs with the longest turns, one of each kind. */
export class Slowest {
  #kept: Slow[] = []

  add({ sent, call, kind }: Asked, longestMs: number, tookMs: number): void {
    if (this.#kept.length === KEPT && longestMs <= this.#kept.at(-1)!.longestMs) return
    const bytes = sent.body?.length ?? 0
    const slow = { route: `${call.method} ${call.path}`, bytes, kind, longestMs, tookMs }
    const isAlike = (each: Slow) => each.route === slow.route && each.kind === kind
    const before = this.#kept.find(isAlike)
    if (before !== undefined && before.longestMs >= longestMs) return
    this.#kept = [...this.#kept.filter(each => !isAlike(each)), slow]
      .sort((a, b) => b.longestMs - a.longestMs)
      .slice(0, KEPT)
  }

  get all(): readonly Slow[] {
    return this.#kept
  }
}
