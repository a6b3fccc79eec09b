import { setTimeout } from 'node:timers/promises'

/**
 * Long work on bodies, done a turn at a time: between two turns the event loop serves everybody else, and only one body
 * has a turn in each of its rounds, however many there are.
 */

/**
 * How long a turn lasts, in ms of wall time; a new request waits about this long for it to end. With a tenth of a core and turns of
 * 5 ms, `/health` took more than 500 ms during 12 of 46 kinds of large bodies. With turns of 1 ms it does so during 3 to 6 of them
 * right after a start, and during 2 at most when the same kind is sent again.
 */
const TURN_MS = 1

/**
 * A turn that ends so late has lost the processor to others, or to the quota of its container. The next one then waits twice as long
 * as the last was late, within these bounds, so that requests find some of the quota unspent. At a tenth of a core `/health` was
 * answered three times as often while a body of numbers was read, and its longest wait fell from 1.3 s to 0.5 s.
 */
const LATE_MS = 10
const SHORTEST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 500

const waiting: (() => void)[] = []

function letOneWork(): void {
  waiting.shift()!()
  if (waiting.length > 0) setImmediate(letOneWork)
}

export class Turn {
  #endsAt = performance.now() + TURN_MS

  get isOver(): boolean {
    return performance.now() >= this.#endsAt
  }

  /** Resolves when it is this work's turn again. */
  async next(): Promise<void> {
    const lateMs = performance.now() - this.#endsAt
    if (lateMs > LATE_MS) {
      await setTimeout(Math.min(Math.max(2 * lateMs, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS))
    }
    await new Promise<void>(resolve => {
      waiting.push(resolve)
      if (waiting.length === 1) setImmediate(letOneWork)
    })
    this.#endsAt = performance.now() + TURN_MS
  }
}

/** Takes all steps at once: for work that is short, whatever comes of it. */
export function atOnce<T>(steps: Iterator<void, T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** Takes steps, each shorter than a turn, for as long as it is this work's turn. */
export async function inTurns<T>(steps: Iterator<void, T>, turn = new Turn()): Promise<T> {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
    if (turn.isOver) await turn.next()
  }
}
