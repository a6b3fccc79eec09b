/** One intent in the hands of its handler. */
import type { LeaseLostError } from '../errors.ts'
import type { AnyGoals, Goal, GoalsLike, PayloadOf } from '../goals.ts'
import { hex } from '../random.ts'
import type { Claim, Lease, Published, PublishOptions } from '../wire.ts'

/** What a handler gets. */
export type Job<Payload = unknown, Goals extends GoalsLike<Goals> = AnyGoals> = Omit<
  Claim<Payload>,
  'claimToken'
> & {
  /**
   * Fires when the lease is lost (its reason is a {@link LeaseLostError}): stop, for another worker has it. It does not
   * fire when the worker is to stop; a job that has begun is finished.
   */
  readonly signal: AbortSignal
  /** Says how far it is, 0..100. @throws {LeaseLostError} */
  progress(progress: number, message?: string): Promise<void>
  /**
   * Publishes what follows from this job. Unless an `idempotencyKey` is given, it is made of this job's id and of what
   * is published: when the handler runs again in a later attempt, what it publishes again is there once.
   */
  publish<G extends Goal<Goals>>(
    goal: G,
    payload: PayloadOf<Goals, G>,
    options?: PublishOptions,
  ): Promise<Published>
}

/** A result that is a text and not JSON: `result_type` is `text` then. */
export class TextResult {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** @returns what the result is, JSON or a {@link TextResult}; `undefined` for none. What it throws is a failed attempt, with its message as the error. */
export type Handler<Payload = unknown, R = unknown, Goals extends GoalsLike<Goals> = AnyGoals> = (
  job: Job<Payload, Goals>,
) => R | TextResult | Promise<R | TextResult>

/** What a job asks of the bus. */
export type JobCalls<Goals extends GoalsLike<Goals>> = {
  progress(lease: Lease, progress: number, options: { message?: string }): Promise<void>
  publish<G extends Goal<Goals>>(
    goal: G,
    payload: PayloadOf<Goals, G>,
    options: PublishOptions,
  ): Promise<Published>
}

export class RunningJob<Goals extends GoalsLike<Goals>> {
  readonly claim: Claim
  readonly job: Job<never, Goals>
  /** When the lease ends by this machine's clock, in ms of `Clock.now`. */
  leaseEnds: number
  /** The handler has ended, and the report is on its way. */
  settling = false
  readonly #abort = new AbortController()
  readonly #bus: JobCalls<Goals>
  readonly #published = new Map<string, number>()

  constructor(bus: JobCalls<Goals>, claim: Claim, leaseEnds: number) {
    this.#bus = bus
    this.claim = claim
    this.leaseEnds = leaseEnds
    const { claimToken: _, ...shown } = claim
    this.job = {
      ...(shown as Omit<Claim<never>, 'claimToken'>),
      signal: this.#abort.signal,
      progress: (progress, message) =>
        bus.progress(claim, progress, message === undefined ? {} : { message }),
      publish: (goal, payload, options) => this.#publish(goal, payload, options),
    }
  }

  get isLost(): boolean {
    return this.#abort.signal.aborted
  }

  lose(error: LeaseLostError): void {
    this.#abort.abort(error)
  }

  async #publish<G extends Goal<Goals>>(
    goal: G,
    payload: PayloadOf<Goals, G>,
    options: PublishOptions = {},
  ): Promise<Published> {
    const idempotencyKey = options.idempotencyKey ?? (await this.#keyFor([goal, payload, options]))
    return this.#bus.publish(goal, payload, { ...options, idempotencyKey })
  }

  /** Two of the same in one run are two. */
  async #keyFor(what: unknown): Promise<string> {
    if (crypto.subtle === undefined) {
      throw new Error('Without HTTPS a page has no WebCrypto: publish with an idempotencyKey of your own.')
    }
    const text = new TextEncoder().encode(JSON.stringify(what))
    const digest = hex(new Uint8Array(await crypto.subtle.digest('SHA-256', text)))
    const nth = (this.#published.get(digest) ?? 0) + 1
    this.#published.set(digest, nth)
    return `${this.claim.id}:${digest.slice(0, 40)}:${nth}`
  }
}
