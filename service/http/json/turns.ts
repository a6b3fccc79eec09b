/**
 * Long work on bodies, done a turn at a time: between two turns the event loop serves everybody else, and only one body
 * has a turn in each of its rounds, however many there are.
 */

/**
 * A request that comes in waits about this long for the turn to end, in ms of wall time: on a slow core a turn does less. At a
 * tenth of a core turns of 5 ms made `/health` wait for more than 500 ms beside 12 of 46 kinds of large bodies. Turns of 1 ms do so
 * beside 3 of the first bodies of a bus that has just started, and beside none when the kind comes again.
 */
const TURN_MS = 1

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
