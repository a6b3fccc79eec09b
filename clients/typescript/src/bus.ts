import { Admin } from './admin.ts'
import { type Clock, systemClock } from './clock.ts'
import { BusError, IntentDeadError, NotDoneYetError } from './errors.ts'
import type { AnyGoals, Goal, GoalsLike, PayloadOf, ResultOf } from './goals.ts'
import {
  CLAIM,
  check,
  checkWord,
  INTENTS,
  PROGRESS,
  PUBLICATION,
  PUBLISH,
  REQUEST,
  RESULT,
  VALUE,
} from './options.ts'
import { pages } from './pages.ts'
import { randomId } from './random.ts'
import { isPassing } from './retry.ts'
import { settle, settleMany } from './settling.ts'
import { type Persistence, Transport, type TransportOptions } from './transport.ts'
import {
  type Claim,
  type ClaimOptions,
  camel,
  type Extension,
  type Failure,
  type Fulfilment,
  type Health,
  type IntentFilter,
  type Lease,
  type ListedIntent,
  type Moved,
  type Published,
  type PublishOptions,
  type Result,
  type Settlement,
  type Status,
  snake,
} from './wire.ts'
import type { Handler } from './worker/job.ts'
import { Worker, type WorkerOptions } from './worker/worker.ts'

export type BusOptions = TransportOptions & {
  /** For tests. */
  clock?: Clock | undefined
}

export type Publication<Goals, G extends Goal<Goals> = Goal<Goals>> = {
  [Name in G]: PublishOptions & { goal: Name; payload: PayloadOf<Goals, Name> }
}[G]

/** The longest the bus lets a request wait; more is asked for in slices, because proxies have limits of their own. */
const LONGEST_WAIT_S = 60
const WAIT_SLICE_S = 30

/**
 * A client of one bus, with one key. All durations are seconds. Every call may throw a {@link BusError}, an
 * `UnreachableError` or an `UnexpectedAnswerError`, after the retries that make sense for it, and an `IntentBusError` with
 * the code `invalid_request` for options that have no meaning.
 */
export class IntentBus<Goals extends GoalsLike<Goals> = AnyGoals> {
  readonly #transport: Transport
  readonly #clock: Clock
  /** Where it is, with no slash at its end. */
  readonly url: string
  /** What an operator may do. Needs the option `adminToken`. */
  readonly admin: Admin

  /** @throws {TypeError} when `url` is no HTTP URL, or there is nothing to sign with */
  constructor({ clock = systemClock, ...options }: BusOptions) {
    this.#clock = clock
    this.#transport = new Transport(options, clock)
    this.url = this.#transport.base
    this.admin = new Admin(this.#transport)
  }

  /**
   * Publishes one intent. Sent with an idempotency key, so that a repeat after a lost answer makes no second one.
   *
   * @throws {BusError} `invalid_…`, `payload_too_large`, `idempotency_conflict`, `limit_exceeded`
   */
  async publish<G extends Goal<Goals>>(
    goal: G,
    payload: PayloadOf<Goals, G>,
    { idempotencyKey = randomId(), ...options }: PublishOptions = {},
  ): Promise<Published> {
    checkWord('goal', goal)
    check({ ...options, idempotencyKey }, PUBLISH)
    const answer = await this.#transport.send({
      method: 'POST',
      path: '/intent',
      headers: { 'Idempotency-Key': idempotencyKey },
      body: { ...snake(options), goal, payload: payload ?? null },
    })
    return answer.body as Published
  }

  /**
   * Publishes up to 1000 intents, all or none.
   *
   * @returns what was published, in the order given
   * @throws {BusError} whose message names the first that was refused: `intents[3]: …`
   */
  async publishMany(publications: readonly Publication<Goals>[]): Promise<Published[]> {
    for (const [i, publication] of publications.entries()) {
      if (publication.goal !== undefined) checkWord(`intents[${i}]: goal`, publication.goal)
      check(publication, PUBLICATION, `intents[${i}]: `)
    }
    const intents = publications.map(({ payload, idempotencyKey = randomId(), ...rest }) => ({
      ...snake(rest),
      payload: payload ?? null,
      idempotency_key: idempotencyKey,
    }))
    const answer = await this.#transport.send({ method: 'POST', path: '/intents', body: { intents } })
    return (answer.body as { intents: Published[] }).intents
  }

  /** Takes one intent under a lease. @returns `null` when there is none, after `wait` seconds */
  async claim<G extends Goal<Goals>>(
    options: ClaimOptions & { goal?: G } = {},
  ): Promise<Claim<PayloadOf<Goals, G>> | null> {
    const [claim = null] = await this.claimMany<G>({ ...options, max: 1 })
    return claim
  }

  /** Takes up to `max` (1..100) intents, without waiting for more than one of them. */
  async claimMany<G extends Goal<Goals>>(
    { max = 100, workerId, capabilities, signal, ...query }: ClaimOptions & { goal?: G; max?: number } = {},
    persistence: Persistence = {},
  ): Promise<Claim<PayloadOf<Goals, G>>[]> {
    check({ ...query, max, workerId, capabilities }, CLAIM)
    const answer = await this.#transport.send({
      method: 'POST',
      path: '/claim',
      query: { ...query, max, worker_id: workerId, capabilities: capabilities?.join(',') || undefined },
      wait: query.wait,
      signal,
      ...persistence,
    })
    if (answer.status === 204) return []
    return (answer.body as { intents: object[] }).intents.map(
      claim => camel(claim) as Claim<PayloadOf<Goals, G>>,
    )
  }

  /**
   * Hands in the result. Left out (or `undefined`) there is none; a text is kept as JSON, unless `resultType` is `text`.
   *
   * @throws {LeaseLostError} the lease has run out: throw the work away
   * @throws {BusError} `result_too_large`, `invalid_result`, `invalid_payload` (nested too deep)
   */
  async fulfill(lease: Lease, result?: unknown, resultType: 'json' | 'text' = 'json'): Promise<void> {
    await settle(this.#transport, '/fulfill/', lease, { result, result_type: resultType })
  }

  /** Gives up this attempt. `error` is cut at 500 characters. @throws {LeaseLostError} */
  async fail(lease: Lease, error?: string): Promise<void> {
    await settle(this.#transport, '/fail/', lease, { error })
  }

  /** Makes the lease end so many seconds from now (10..3600). @throws {LeaseLostError} */
  async extend(lease: Lease, seconds: number): Promise<{ extendedBy: number }> {
    check({ seconds }, PROGRESS)
    const { extended_by } = await settle(this.#transport, '/extend_claim/', lease, { seconds })
    return { extendedBy: extended_by as number }
  }

  /** Says how far it is, 0..100, and extends the lease when `seconds` (10..3600) are given. @throws {LeaseLostError} */
  async progress(
    lease: Lease,
    progress: number,
    options: { message?: string; seconds?: number } = {},
  ): Promise<void> {
    check(options, PROGRESS)
    await settle(this.#transport, '/progress/', lease, { progress, ...options })
  }

  /** Up to 1000 at once. @returns what became of each, in the order given; `not_found` is a lost lease */
  async fulfillMany(items: readonly Fulfilment[], persistence?: Persistence): Promise<Settlement[]> {
    return settleMany(this.#transport, '/fulfill', items, persistence)
  }

  async failMany(items: readonly Failure[], persistence?: Persistence): Promise<Settlement[]> {
    return settleMany(this.#transport, '/fail', items, persistence)
  }

  async extendMany(
    leases: readonly Lease[],
    seconds: number,
    persistence?: Persistence,
  ): Promise<Extension[]> {
    const items = leases.map(({ id, claimToken }) => ({ id, claimToken, seconds }))
    return settleMany(this.#transport, '/extend_claim', items, persistence)
  }

  /** @throws {BusError} `not_found`; `forbidden` for whoever did not publish it and does not hold it */
  async status(id: string): Promise<Status> {
    const answer = await this.#transport.send({ method: 'GET', path: '/status/', param: id })
    return camel(answer.body as object) as Status
  }

  /** The status and what came of it. With `wait`, answers as soon as it has ended, or after so many seconds. */
  async result<G extends Goal<Goals>>(
    id: string,
    { wait = 0, signal }: { wait?: number; signal?: AbortSignal } = {},
  ): Promise<Result<ResultOf<Goals, G>>> {
    check({ wait }, RESULT)
    const deadline = this.#clock.now() + wait * 1000
    for (;;) {
      const left = Math.max(0, (deadline - this.#clock.now()) / 1000)
      const slice = left > LONGEST_WAIT_S ? WAIT_SLICE_S : Math.ceil(left * 1000) / 1000
      try {
        const answer = await this.#transport.send({
          method: 'GET',
          path: '/result/',
          param: id,
          query: slice > 0 ? { wait: slice } : {},
          wait: slice,
          signal,
        })
        const result = camel(answer.body as object) as Result<ResultOf<Goals, G>>
        if (hasEnded(result) || this.#clock.now() >= deadline) return result
      } catch (error) {
        // A bus that is away for a while is no reason not to wait for the rest of the time.
        if (!isPassing(error) || this.#clock.now() >= deadline) throw error
      }
      // A bus that drains answers at once; the next one is not asked in a tight loop.
      await this.#clock.sleep(100, signal)
      signal?.throwIfAborted()
    }
  }

  /** What this key published and the bus still has, newest first, page by page as it is asked for. */
  intents(filter: IntentFilter = {}): AsyncGenerator<ListedIntent, void> {
    check(filter, INTENTS)
    return pages(this.#transport, '/intents', 'key', filter)
  }

  /**
   * Makes an intent of this key dead, with the reason "Cancelled by publisher". May be repeated.
   *
   * @throws {BusError} `not_found`; `forbidden` when another key published it
   */
  async cancel(id: string): Promise<Moved> {
    return (await this.#transport.send({ method: 'POST', path: '/cancel/', param: id })).body as Moved
  }

  /**
   * Opens a dead or fulfilled intent of this key again, with all its attempts. Sent again after a lost answer, it meets what the
   * first one opened: `not_found` may mean that it is done, and {@link status} tells.
   *
   * @throws {BusError} `not_found`, also for one that has not ended; `forbidden`; `limit_exceeded`
   */
  async retry(id: string): Promise<Moved> {
    return (await this.#transport.send({ method: 'POST', path: '/retry/', param: id })).body as Moved
  }

  /**
   * Publishes, and waits for the result: a request and its reply.
   *
   * @param options.wait seconds, default 60
   * @throws {IntentDeadError} all attempts failed, or it was cancelled
   * @throws {NotDoneYetError} it has not ended in time; its `id` may be asked for later
   */
  async request<G extends Goal<Goals>>(
    goal: G,
    payload: PayloadOf<Goals, G>,
    { wait = 60, signal, ...options }: PublishOptions & { wait?: number; signal?: AbortSignal } = {},
  ): Promise<ResultOf<Goals, G>> {
    check({ wait }, REQUEST)
    const { id } = await this.publish(goal, payload, options)
    const result = await this.result<G>(id, { wait, ...(signal === undefined ? {} : { signal }) })
    if (result.status === 'fulfilled') return result.result as ResultOf<Goals, G>
    if (result.status === 'dead') throw new IntentDeadError(id, result.lastError)
    throw new NotDoneYetError(id, wait)
  }

  /** Reads a value of this key's store. @returns `null` when there is none, or its time is over */
  async get(key: string): Promise<string | null> {
    checkWord('key', key)
    try {
      const answer = await this.#transport.send({ method: 'GET', path: '/get/', param: key })
      return (answer.body as { value: string }).value
    } catch (error) {
      if (error instanceof BusError && error.code === 'not_found') return null
      throw error
    }
  }

  /** Keeps a value for `ttl` seconds (1..86400, default 600). A text is kept as it is, anything else as its JSON text. */
  async set(key: string, value: unknown, { ttl, ...others }: { ttl?: number } = {}): Promise<void> {
    checkWord('key', key)
    check({ ttl, ...others }, VALUE)
    await this.#transport.send({ method: 'POST', path: '/set/', param: key, body: { value, ttl } })
  }

  /** Whether it is there, its time, and its version. Needs no key. */
  async health(): Promise<Health> {
    const answer = await this.#transport.send({ method: 'GET', path: '/health', access: 'none' })
    return answer.body as Health
  }

  /**
   * Starts a worker for one goal. It runs until {@link Worker.stop}, SIGTERM or SIGINT, or an error that waiting does
   * not mend, and finishes what it has begun.
   */
  worker<G extends Goal<Goals>>(
    goal: G,
    handler: Handler<PayloadOf<Goals, G>, ResultOf<Goals, G>, Goals>,
    options: WorkerOptions = {},
  ): Worker<Goals> {
    return new Worker<Goals>(this, goal, handler as Handler<never, unknown, Goals>, options, this.#clock)
  }
}

const hasEnded = ({ status }: Status): boolean => status === 'fulfilled' || status === 'dead'
