/**
 * One attempt at one intent: run the handler, then report what came of it, and see the report through.
 *
 * ```
 * handler returns ─▶ fulfil ─ok──────────────▶ fulfilled
 *                      ├─ result refused ────▶ fail
 * handler throws ──▶ fail ──ok──────────────▶ failed
 * lease lost while it runs, or by the time it is reported ─▶ lost: nothing is reported
 * ```
 */
import type { Clock } from '../clock.ts'
import { BusError, LeaseLostError, UnexpectedAnswerError } from '../errors.ts'
import type { GoalsLike } from '../goals.ts'
import type { Settlement } from '../wire.ts'
import { type Handler, type RunningJob, TextResult } from './job.ts'
import type { Reporter } from './reporter.ts'
import type { Settler } from './settler.ts'

/** How long after its lease a report is still tried: the bus may have stood still meanwhile. */
const GRACE_MS = 30_000

type Outcome = { result: unknown } | { error: unknown }

export class Attempt<Goals extends GoalsLike<Goals>> {
  readonly #running: RunningJob<Goals>
  readonly #handler: Handler<never, unknown, Goals>
  readonly #settler: Settler
  readonly #reporter: Reporter
  readonly #clock: Clock

  constructor(
    running: RunningJob<Goals>,
    handler: Handler<never, unknown, Goals>,
    parts: { settler: Settler; reporter: Reporter; clock: Clock },
  ) {
    this.#running = running
    this.#handler = handler
    this.#settler = parts.settler
    this.#reporter = parts.reporter
    this.#clock = parts.clock
  }

  /** Never rejects. */
  async make(): Promise<void> {
    const { claim } = this.#running
    const began = this.#clock.now()
    this.#reporter.tell('intent.started', { claim, operation: 'process' })
    const outcome = await this.#handled()
    const duration = (this.#clock.now() - began) / 1000
    // Whoever noticed has told it.
    if (this.#running.isLost) return
    this.#running.settling = true
    try {
      const error = 'error' in outcome ? outcome.error : await this.#fulfill(outcome.result)
      if (error === undefined)
        return this.#reporter.tell('intent.fulfilled', { claim, operation: 'settle', duration })
      await this.#fail(error)
      this.#reporter.tell('intent.failed', { claim, operation: 'settle', duration, error })
    } catch (error) {
      this.#running.lose(error instanceof LeaseLostError ? error : unreported(error))
      this.#reporter.tell('intent.lease_lost', { claim, error })
    }
  }

  async #handled(): Promise<Outcome> {
    try {
      const result = await this.#reporter.around(this.#running.claim, async () =>
        this.#handler(this.#running.job),
      )
      // Before it is in a batch with others': a result that is no JSON is this handler's fault alone.
      JSON.stringify(result)
      return { result }
    } catch (error) {
      return { error: error ?? new Error('unknown') }
    }
  }

  /** @returns why the bus, or a proxy before it, does not take this result. @throws {LeaseLostError} */
  async #fulfill(result: unknown): Promise<unknown> {
    const { id, claimToken, claimAttempts } = this.#running.claim
    const fields =
      result instanceof TextResult ? ({ result: result.text, resultType: 'text' } as const) : { result }
    const item = { id, claimToken, claimAttempts, ...fields }
    let answer: Settlement
    try {
      answer = await this.#settler.settle({ kind: 'fulfill', item }, this.#giveUpAt)
    } catch (error) {
      if (error instanceof UnexpectedAnswerError && error.status === 413) return tooLargeForProxy(item, error)
      throw error
    }
    if (answer.ok) return undefined
    if (answer.error.code === 'not_found') throw new LeaseLostError({ ...answer.error, status: 0 })
    return new BusError({ ...answer.error, status: 0 })
  }

  /** @throws {LeaseLostError} */
  async #fail(cause: unknown): Promise<void> {
    const { id, claimToken } = this.#running.claim
    const item = { id, claimToken, error: messageOf(cause) }
    const answer = await this.#settler.settle({ kind: 'fail', item }, this.#giveUpAt)
    if (!answer.ok) throw new LeaseLostError({ ...answer.error, status: 0 })
  }

  /** The keeper may extend the lease while a report waits. */
  readonly #giveUpAt = (): number => this.#running.leaseEnds + GRACE_MS
}

function tooLargeForProxy(item: object, cause: UnexpectedAnswerError): Error {
  const bytes = new TextEncoder().encode(JSON.stringify(item)).length
  return new Error(
    `The result is too large for a proxy in front of the bus: it refuses a request of ${bytes} bytes. ${cause.message}`,
    { cause },
  )
}

const LONGEST_MESSAGE_CHARS = 500

/** Whatever was thrown, as a text that the bus takes: it refuses NUL and half an emoji, and cuts what is longer. Never throws. */
function messageOf(error: unknown): string {
  const text = textOf(error)
  return [...text.slice(0, 2 * LONGEST_MESSAGE_CHARS)]
    .slice(0, LONGEST_MESSAGE_CHARS)
    .join('')
    .replace(/\0|\p{Surrogate}/gu, '\ufffd')
}

function textOf(error: unknown): string {
  try {
    if (typeof error === 'object' && error !== null) {
      // Not `instanceof`: an error of another realm is one, too.
      const { message, name } = error as { message?: unknown; name?: unknown }
      if (typeof message === 'string') return message || String(name) || 'unknown'
      return JSON.stringify(error) || 'unknown'
    }
    return String(error) || 'unknown'
  } catch {
    return 'unknown'
  }
}

const unreported = (error: unknown): LeaseLostError =>
  new LeaseLostError({
    code: 'not_found',
    message: `The result could not be reported: ${messageOf(error)}`,
    status: 0,
  })
