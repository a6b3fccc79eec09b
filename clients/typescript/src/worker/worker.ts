import type { Clock } from '../clock.ts'
import type { AnyGoals, GoalsLike } from '../goals.ts'
import { check, checkWord, WORKER } from '../options.ts'
import type { Persistence } from '../transport.ts'
import type { Claim } from '../wire.ts'
import { Attempt } from './attempt.ts'
import type { Hooks } from './events.ts'
import { type Handler, type JobCalls, RunningJob } from './job.ts'
import { type Extender, LeaseKeeper } from './lease-keeper.ts'
import { ownName } from './own-name.ts'
import { Reporter } from './reporter.ts'
import { type Desk, Settler } from './settler.ts'
import { onStopSignals } from './stop-signals.ts'

/** What a worker asks of the bus. An `IntentBus` has it. */
export type WorkerCalls<Goals extends GoalsLike<Goals>> = JobCalls<Goals> &
  Desk &
  Extender & {
    readonly url: string
    claimMany(asked: object, persistence: Persistence): Promise<Claim[]>
  }

export type WorkerOptions = {
  /** How many jobs at once. Default 1. */
  concurrency?: number | undefined
  namespace?: string | undefined
  /** What it offers, for intents with a `requiredCapability`. */
  capabilities?: readonly string[] | undefined
  /** For intents with a `targetWorker`. Default: the host's name; a random one where the runtime does not say. */
  workerId?: string | undefined
  /** Seconds, 10..3600. Default: what the bus is set to, 60. Extended while the handler runs, so it is how long a dead worker's jobs wait. */
  lease?: number | undefined
  /** Seconds one long poll takes, 1..60. Default 30. */
  wait?: number | undefined
  /** An API key: only what it published. One's own, or any for the master key. */
  publisher?: string | undefined
  /** Stops it, as {@link Worker.stop} does. */
  signal?: AbortSignal | undefined
  /** Whether SIGTERM and SIGINT stop it, where there are signals. A second one ends the process. Default `true`. */
  handleSignals?: boolean | undefined
  hooks?: Hooks | undefined
}

/** The most one claim takes. */
const MOST_PER_CLAIM = 100
/** After an empty long poll. A bus that drains answers at once, and is away in a moment. */
const EMPTY_PAUSE_MS = 200

/**
 * Claims by long poll up to its free slots, runs the handler, keeps the leases, and settles in groups.
 *
 * ```
 * claiming ─ stop() or a signal ─▶ draining ─ all jobs settled ─▶ stopped
 *     └─ an error that waiting does not mend ─▶ draining
 * ```
 *
 * A bus that is away is waited for, for as long as it takes: when nothing answers, when something else does, and while
 * this machine's clock is too far off for signatures.
 */
export class Worker<Goals extends GoalsLike<Goals> = AnyGoals> {
  /** Resolves when it has stopped; rejects when it had to: a wrong key, a goal that the bus does not take. */
  readonly done: Promise<void>
  readonly workerId: string
  readonly #bus: WorkerCalls<Goals>
  readonly #goal: string
  readonly #handler: Handler<never, unknown, Goals>
  readonly #options: WorkerOptions
  readonly #clock: Clock
  readonly #running = new Set<RunningJob<Goals>>()
  readonly #reporter: Reporter
  readonly #settler: Settler
  readonly #keeper: LeaseKeeper<Goals>
  readonly #stop = new AbortController()
  #rouse: () => void = () => undefined

  /** Use `IntentBus.worker`. @throws {RangeError} @throws {IntentBusError} `invalid_request` */
  constructor(
    bus: WorkerCalls<Goals>,
    goal: string,
    handler: Handler<never, unknown, Goals>,
    options: WorkerOptions,
    clock: Clock,
  ) {
    const { concurrency = 1, namespace, workerId = ownName() } = options
    if (!Number.isInteger(concurrency) || concurrency < 1) {
      throw new RangeError(`concurrency takes a whole number from 1; it got ${concurrency}.`)
    }
    checkWord('goal', goal)
    check(options, WORKER)
    this.#bus = bus
    this.#goal = goal
    this.#handler = handler
    this.#options = { ...options, concurrency }
    this.#clock = clock
    this.workerId = workerId
    this.#reporter = new Reporter(options.hooks, { url: bus.url, goal, namespace, workerId }, clock)
    this.#settler = new Settler(bus, clock, this.#reporter.retrying('settle'))
    this.#keeper = new LeaseKeeper(bus, this.#running, clock, this.#reporter)
    this.done = this.#run()
    // Whoever does not look at `done` hears of it by `worker.stopped`; an unhandled rejection would end the process.
    this.done.catch(() => undefined)
  }

  /** How many jobs are being done. */
  get running(): number {
    return this.#running.size
  }

  /** Claims no more, and resolves when what has begun is settled. Rejects as {@link done} does. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.done
  }

  async #run(): Promise<void> {
    const forget = this.#listen()
    // Not within the constructor: a hook may want the worker that it is told of.
    await undefined
    this.#reporter.tell('worker.started')
    const kept = this.#keeper.keep()
    let fault: { error?: unknown } = {}
    try {
      await this.#claimUntilStopped()
    } catch (error) {
      if (!this.#stop.signal.aborted) fault = { error }
    }
    this.#reporter.tell('worker.draining', fault)
    while (this.#running.size > 0) await this.#roused()
    this.#keeper.stop()
    await kept
    forget()
    this.#reporter.tell('worker.stopped', fault)
    if ('error' in fault) throw fault.error
  }

  /** @throws what waiting does not mend, or whatever when it is told to stop */
  async #claimUntilStopped(): Promise<void> {
    const { concurrency = 1, wait = 30, lease, namespace, capabilities, publisher } = this.#options
    const stop = this.#stop.signal
    const asked = {
      goal: this.#goal,
      wait,
      lease,
      namespace,
      capabilities,
      publisher,
      workerId: this.workerId,
    }
    let isAway = false
    const tellRetry = this.#reporter.retrying('claim')
    const persistence = {
      retries: Number.POSITIVE_INFINITY,
      // A device that boots may meet the sign-in page of its network first.
      stubborn: true,
      signal: stop,
      onRetry: (error: unknown, delayMs: number) => {
        isAway = true
        tellRetry(error, delayMs)
      },
      // Whether it is back is known at once, and not after a whole wait.
      retryQuery: { wait: 0 },
    }
    while (!stop.aborted) {
      const free = concurrency - this.#running.size
      if (free === 0) {
        await this.#roused()
        continue
      }
      const claims = await this.#bus.claimMany(
        { ...asked, max: Math.min(free, MOST_PER_CLAIM) } as object,
        persistence,
      )
      if (isAway) this.#reporter.tell('worker.reconnected', { operation: 'claim' })
      isAway = false
      if (claims.length > 0) this.#take(claims)
      else await this.#clock.sleep(EMPTY_PAUSE_MS, stop)
    }
  }

  #take(claims: readonly Claim[]): void {
    this.#reporter.tell('intent.claimed', { operation: 'claim', count: claims.length })
    const now = this.#clock.now()
    const parts = { settler: this.#settler, reporter: this.#reporter, clock: this.#clock }
    for (const claim of claims) {
      const running = new RunningJob(this.#bus, claim, now + claim.claimTimeout * 1000)
      this.#running.add(running)
      void new Attempt(running, this.#handler, parts).make().then(() => {
        this.#running.delete(running)
        this.#rouse()
      })
    }
    this.#keeper.notice(Math.min(...claims.map(claim => claim.claimTimeout)))
  }

  /** Resolves when a job has ended, or at the moment it is told to stop. */
  #roused(): Promise<void> {
    return new Promise(resolve => {
      this.#rouse = resolve
    })
  }

  #listen(): () => void {
    const { signal, handleSignals = true } = this.#options
    const stop = () => this.#stop.abort()
    this.#stop.signal.addEventListener('abort', () => this.#rouse(), { once: true })
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted) stop()
    const forgetSignals = handleSignals ? onStopSignals(stop) : undefined
    return () => {
      signal?.removeEventListener('abort', stop)
      forgetSignals?.()
    }
  }
}
