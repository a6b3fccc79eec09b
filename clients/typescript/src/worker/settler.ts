/**
 * Hands in what handlers made, together: while one request is under way, what comes gathers for the next. No timer: a
 * lone worker's report goes out at once.
 */
import type { Clock } from '../clock.ts'
import { BusError, IntentBusError, UnexpectedAnswerError } from '../errors.ts'
import type { Persistence } from '../transport.ts'
import type { Failure, Fulfilment, Settlement } from '../wire.ts'

export type Report = { kind: 'fulfill'; item: Fulfilment } | { kind: 'fail'; item: Failure }

export type Desk = {
  fulfillMany(items: readonly Fulfilment[], persistence: Persistence): Promise<Settlement[]>
  failMany(items: readonly Failure[], persistence: Persistence): Promise<Settlement[]>
}

type Pending = {
  item: Fulfilment & Failure
  bytes: number
  giveUpAt: () => number
  tell: (answer: Settlement) => void
  fault: (error: unknown) => void
}

/** A bus takes 1000 items and 16 MiB in one. Less is answered sooner, and holds up fewer when it has to be sent again. */
const MOST_ITEMS = 100
const MOST_BYTES = 4 * 1024 * 1024

export class Settler {
  readonly #desk: Desk
  readonly #clock: Clock
  readonly #retrying: (error: unknown, delayMs: number) => void
  readonly #pending: Record<Report['kind'], Pending[]> = { fulfill: [], fail: [] }
  readonly #busy: Record<Report['kind'], boolean> = { fulfill: false, fail: false }

  constructor(desk: Desk, clock: Clock, retrying: (error: unknown, delayMs: number) => void) {
    this.#desk = desk
    this.#clock = clock
    this.#retrying = retrying
  }

  /**
   * Tries until it is answered.
   *
   * @param giveUpAt when it makes no sense any more, in ms of `Clock.now`
   * @returns what the bus said of this one
   * @throws what waiting does not mend, or the last error when it is time to give up
   */
  settle({ kind, item }: Report, giveUpAt: () => number): Promise<Settlement> {
    return new Promise((tell, fault) => {
      this.#pending[kind].push({ item, bytes: JSON.stringify(item).length, giveUpAt, tell, fault })
      void this.#flush(kind)
    })
  }

  async #flush(kind: Report['kind']): Promise<void> {
    if (this.#busy[kind]) return
    this.#busy[kind] = true
    while (this.#pending[kind].length > 0) await this.#send(kind, take(this.#pending[kind]))
    this.#busy[kind] = false
  }

  /** Never rejects. */
  async #send(kind: Report['kind'], batch: readonly Pending[]): Promise<void> {
    const items = batch.map(({ item }) => item)
    const end = new AbortController()
    const persistence: Persistence = {
      retries: Number.POSITIVE_INFINITY,
      // What is too large for a proxy stays too large; a report of a failure is small, so then it is something else.
      stubborn: ({ status }) => status !== 413 || (kind === 'fail' && batch.length === 1),
      signal: end.signal,
      onRetry: (error, delayMs) => {
        this.#retrying(error, delayMs)
        if (batch.every(({ giveUpAt }) => this.#clock.now() >= giveUpAt())) end.abort(error)
      },
    }
    try {
      const answers: readonly (Settlement | undefined)[] = await (kind === 'fulfill'
        ? this.#desk.fulfillMany(items, persistence)
        : this.#desk.failMany(items, persistence))
      for (const [i, { tell, fault }] of batch.entries()) {
        const answer = answers[i]
        if (answer?.id === items[i]!.id) tell(answer)
        else fault(new Error('The answer says nothing of this one.'))
      }
    } catch (error) {
      if (batch.length > 1 && isOfSize(error)) {
        const half = Math.ceil(batch.length / 2)
        await this.#send(kind, batch.slice(0, half))
        return this.#send(kind, batch.slice(half))
      }
      for (const { fault } of batch) fault(error)
    }
  }
}

/** A proxy that takes less than the bus (nginx: 1 MiB), or one item that cannot be written: what is sent with fewer may do. */
const isOfSize = (error: unknown): boolean =>
  error instanceof UnexpectedAnswerError || error instanceof BusError
    ? error.status === 413
    : !(error instanceof IntentBusError)

function take(pending: Pending[]): Pending[] {
  let count = 0
  let bytes = 0
  for (const { bytes: more } of pending) {
    if (count === MOST_ITEMS || (count > 0 && bytes + more > MOST_BYTES)) break
    bytes += more
    count += 1
  }
  return pending.splice(0, count)
}
