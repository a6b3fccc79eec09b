/**
 * Keeps the leases of what is being done: all of them in one request, each third of a lease. Two may go wrong before
 * one is lost. What cannot be extended in time is lost by this machine's clock, whatever the bus thinks of it.
 */
import type { Clock } from '../clock.ts'
import { Deadline } from '../deadline.ts'
import { LeaseLostError } from '../errors.ts'
import type { GoalsLike } from '../goals.ts'
import { delayBefore } from '../retry.ts'
import type { Persistence } from '../transport.ts'
import type { Extension, Lease } from '../wire.ts'
import type { RunningJob } from './job.ts'
import type { Reporter } from './reporter.ts'

export type Extender = {
  extendMany(leases: readonly Lease[], seconds: number, persistence: Persistence): Promise<Extension[]>
}

const PARTS_OF_A_LEASE = 3
/** The most a bus takes in one. */
const MOST_ITEMS = 1000
/** A timer takes 24 days at most; nothing here needs more than this. */
const LONGEST_SLEEP_MS = 60_000

export class LeaseKeeper<Goals extends GoalsLike<Goals>> {
  readonly #bus: Extender
  readonly #running: ReadonlySet<RunningJob<Goals>>
  readonly #clock: Clock
  readonly #reporter: Reporter
  readonly #stop = new AbortController()
  #wake = new AbortController()
  /** When to extend, in ms of `Clock.now`; never while nothing runs, or while a request is under way. */
  #due = Number.POSITIVE_INFINITY
  #extending = false
  #failures = 0

  constructor(bus: Extender, running: ReadonlySet<RunningJob<Goals>>, clock: Clock, reporter: Reporter) {
    this.#bus = bus
    this.#running = running
    this.#clock = clock
    this.#reporter = reporter
  }

  /** To be called when jobs have come. */
  notice(leaseSeconds: number): void {
    if (!this.#extending) this.#schedule(Math.min(this.#due, this.#clock.now() + partOf(leaseSeconds)))
  }

  /** Runs until {@link stop}. Never rejects. */
  async keep(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#wake = new AbortController()
      const next = Math.min(this.#due, ...this.#working().map(job => job.leaseEnds))
      const waitMs = Math.min(next - this.#clock.now(), LONGEST_SLEEP_MS)
      if (waitMs > 0) await this.#clock.sleep(waitMs, this.#wake.signal)
      this.#loseOverdue()
      if (this.#clock.now() >= this.#due) void this.#extendAll()
    }
  }

  stop(): void {
    this.#stop.abort()
    this.#wake.abort()
  }

  /** Those whose report is on its way are extended as well, but have no handler any more that could be told of a loss. */
  #working(): RunningJob<Goals>[] {
    return [...this.#running].filter(job => !job.settling && !job.isLost)
  }

  #loseOverdue(): void {
    for (const job of this.#working()) {
      if (this.#clock.now() >= job.leaseEnds)
        this.#lose(job, 'The lease has run out before it could be extended.')
    }
  }

  #lose(job: RunningJob<Goals>, message: string): void {
    const error = new LeaseLostError({ code: 'not_found', message, status: 0 })
    job.lose(error)
    this.#reporter.tell('intent.lease_lost', { claim: job.claim, operation: 'extend', error })
  }

  /** Never rejects. */
  async #extendAll(): Promise<void> {
    this.#due = Number.POSITIVE_INFINITY
    const jobs = [...this.#running].filter(job => !job.isLost)
    if (jobs.length === 0) return
    const seconds = Math.max(...jobs.map(job => job.claim.claimTimeout))
    const sentAt = this.#clock.now()
    const deadline = new Deadline(partOf(seconds), this.#stop.signal)
    this.#extending = true
    try {
      const persistence = { retries: 0, signal: deadline.signal }
      for (let start = 0; start < jobs.length; start += MOST_ITEMS) {
        const some = jobs.slice(start, start + MOST_ITEMS)
        const leases = some.map(job => job.claim)
        const answers = await this.#bus.extendMany(leases, seconds, persistence)
        for (const [i, job] of some.entries()) this.#note(job, answers[i]!, sentAt)
      }
      this.#failures = 0
      this.#schedule(sentAt + partOf(seconds))
    } catch (error) {
      if (this.#stop.signal.aborted) return
      this.#failures += 1
      const delayMs = delayBefore(this.#failures, error, this.#clock.random())
      this.#reporter.retrying('extend')(error, delayMs)
      this.#schedule(this.#clock.now() + delayMs)
    } finally {
      deadline.clear()
      this.#extending = false
    }
  }

  #note(job: RunningJob<Goals>, answer: Extension, sentAt: number): void {
    if (answer.ok) job.leaseEnds = sentAt + answer.extendedBy * 1000
    // One that was settled meanwhile has no lease any more either.
    else if (!job.settling && !job.isLost && this.#running.has(job)) this.#lose(job, answer.error.message)
  }

  #schedule(due: number): void {
    this.#due = due
    this.#wake.abort()
  }
}

/** Whole ms: a time-out takes no others. */
const partOf = (leaseSeconds: number): number => Math.floor((leaseSeconds * 1000) / PARTS_OF_A_LEASE)
