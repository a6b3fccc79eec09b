import type { Clock } from '../clock.ts'
import type { BusError } from '../errors.ts'
import { JITTER_MS } from '../intent/retry.ts'
import { type Ask, type KeyId, sameRoute } from '../intent/routing.ts'
import type { ExtendOp, FailOp, FulfilOp, Nonce, Op, PublishOp } from '../store/operations.ts'
import type { Claimed, Lapse, Outcome, Published, SweepCounts, ValueOf } from '../store/outcomes.ts'
import type { Actor, AuditAction, AuditEntry, Maintenance, Progress } from '../store/records.ts'
import { StorageError, type Store } from '../store/store.ts'
import { Claims } from './claims.ts'
import { Endings } from './endings.ts'
import { GroupCommit, type GroupCommitLimits } from './group-commit.ts'
import type { Chance } from './identity.ts'
import { Interventions } from './interventions.ts'
import { IssuedKeys } from './issued-keys.ts'
import type { Died, Observer } from './observer.ts'
import { accept, refusalOf } from './refusals.ts'
import { type Retention, Sweeper } from './sweeper.ts'
import type { ClaimTerms, Hold, Patience, Publish, Report } from './verbs.ts'

export type BrokerSettings = GroupCommitLimits & Retention & { leaseMs: number }

/** How long an idempotency key is kept. The protocol asks for at least 1 h; a day covers a client that was off overnight. */
export const IDEMPOTENCY_TTL_MS = 24 * 3_600_000

/**
 * The verbs of publishers and workers. `keys` has what is done to issued keys, `interventions` what admins and publishers do to
 * intents. Each call resolves after its commit is on disk, and throws a {@link BusError} when it was refused.
 */
export class Broker {
  readonly store: Store
  readonly keys: IssuedKeys
  readonly interventions: Interventions
  readonly #settings: BrokerSettings
  readonly #clock: Clock
  readonly #chance: Chance
  readonly #observer: Observer
  readonly #commits: GroupCommit
  readonly #sweeper: Sweeper
  readonly #claims: Claims
  readonly #endings = new Endings()
  #draining = false

  constructor(store: Store, clock: Clock, chance: Chance, observer: Observer, settings: BrokerSettings) {
    this.store = store
    this.#settings = settings
    this.#clock = clock
    this.#chance = chance
    this.#observer = observer
    this.#commits = new GroupCommit(store, () => clock.now(), settings, {
      committed: ({ durationMs, operations, lapses, readied, nextDue, damage }) => {
        observer.committed(durationMs, operations)
        for (const message of damage) observer.storageFailed('damaged', new StorageError('damaged', message))
        this.#lapsed(lapses)
        for (const work of readied) this.#claims.offer(work)
        this.#sweeper.expect(nextDue)
      },
      failed: (reason, error) => observer.storageFailed(reason, error),
    })
    this.#sweeper = new Sweeper(op => this.#submit(op), clock, chance, settings)
    this.#sweeper.expect(store.nextDue)
    this.#claims = new Claims(op => this.#submit(op), clock, chance, observer, settings.leaseMs)
    this.keys = new IssuedKeys(store, op => this.#submit(op))
    this.interventions = new Interventions(
      store,
      op => this.#submit(op),
      this.#endings,
      observer,
      settings.intentTtlMs,
    )
  }

  get draining(): boolean {
    return this.#draining
  }

  get queued(): number {
    return this.#commits.queued
  }

  now(): number {
    return this.#clock.now()
  }

  async publish(publication: Publish, nonce: Nonce): Promise<Published> {
    const published = accept(await this.#submit(this.#publishOp(publication, nonce)))
    this.#observer.published(published.namespace, published.replayed)
    return published
  }

  /** All of them, or none. @throws {BusError} whose message names the one that was refused */
  async publishAll(publications: readonly Publish[], nonce: Nonce): Promise<Published[]> {
    const ops = publications.map(publication => this.#publishOp(publication, null))
    // One object for a route that goes on: it crosses threads once, and is found once.
    for (const [i, op] of ops.entries()) {
      const before = ops[i - 1]?.route
      if (before !== undefined && sameRoute(op.route, before)) op.route = before
    }
    const outcome = await this.#submit({ kind: 'publishAll', ops, nonce })
    const all = accept(outcome, item => `intents[${item}]: `)
    for (const { namespace, replayed } of all) this.#observer.published(namespace, replayed)
    return all
  }

  #publishOp(publication: Publish, nonce: Nonce): PublishOp {
    const now = this.#clock.now()
    const { idempotency } = publication
    return {
      kind: 'publish',
      id: this.#chance.id(now),
      ttlMs: this.#settings.intentTtlMs,
      ...publication,
      idempotency: idempotency && { ...idempotency, expiresAt: now + IDEMPOTENCY_TTL_MS },
      nonce,
    }
  }

  /**
   * Takes what there is, or waits for it.
   *
   * @param patience `null`: answers at once
   * @returns empty when there was nothing this worker may take
   */
  claim(ask: Ask, terms: ClaimTerms, patience: Patience | null, nonce: Nonce): Promise<Claimed[]> {
    return patience === null
      ? this.#claims.take(ask, terms, nonce)
      : this.#claims.await(ask, terms, patience, nonce)
  }

  /** Takes back what was claimed by a client that never got the answer: the attempt does not count. */
  giveBack(claimed: readonly Claimed[]): void {
    this.#claims.giveBack(claimed)
  }

  async settle(report: Report, nonce: Nonce): Promise<void> {
    const died = this.#settled(report, accept(await this.#submit(this.#settleOp(report, nonce))))
    if (died !== null) this.#observer.died([died])
  }

  /** Each for itself: a report that is refused is an error in its place. */
  async settleAll(reports: readonly Report[], nonce: Nonce): Promise<(BusError | null)[]> {
    const ops = reports.map(report => this.#settleOp(report, null))
    const outcomes = accept(await this.#submit({ kind: 'settleAll', ops, nonce }))
    const deaths: Died[] = []
    const errors = outcomes.map((outcome, i) => {
      if (!outcome.ok) return refusalOf(outcome)
      const died = this.#settled(reports[i]!, outcome.value)
      if (died !== null) deaths.push(died)
      return null
    })
    if (deaths.length > 0) this.#observer.died(deaths)
    return errors
  }

  #settleOp({ id, keyId, token, ...report }: Report, nonce: Nonce): ExtendOp | FulfilOp | FailOp {
    const held = { id, keyId, token, nonce }
    if (report.kind !== 'fail') return { ...held, ...report }
    return { ...held, ...report, jitterMs: this.#chance.uniform() * JITTER_MS }
  }

  /** @returns the dead letter that it became */
  #settled(report: Report, value: ValueOf['extend' | 'fulfil' | 'fail']): Died | null {
    if (!('became' in value)) return null
    const { namespace, heldMs, became } = value
    if (became === 'fulfilled') this.#observer.fulfilled(namespace, heldMs)
    if (report.kind === 'fail') this.#observer.failed(namespace, heldMs)
    if (became === 'retry') this.#observer.retried(namespace)
    if (became !== 'retry') this.#endings.ended(report.id)
    return became === 'dead' ? { id: report.id, namespace, cause: 'max_retries' } : null
  }

  async progress(hold: Hold, progress: Progress, leaseMs: number | null, nonce: Nonce): Promise<void> {
    accept(await this.#submit({ kind: 'progress', ...hold, ...progress, leaseMs, nonce }))
  }

  async setValue(keyId: KeyId, key: string, value: string, ttlMs: number, nonce: Nonce): Promise<void> {
    const expiresAt = this.#clock.now() + ttlMs
    accept(await this.#submit({ kind: 'set', keyId, key, value, expiresAt, nonce }))
  }

  /**
   * Resolves when the intent has ended, when patience has, when the bus drains, or when a key of that identity is revoked,
   * rotated or given another end: whoever waited looks at it again.
   *
   * @param keyId of whoever waits
   * @param look says whether it has ended already; asked once somebody listens, so that no end falls in between
   */
  async untilEnded(
    id: string,
    keyId: KeyId,
    patience: Patience,
    look: () => Promise<boolean>,
  ): Promise<void> {
    const heard = Promise.withResolvers<void>()
    const stop = this.#endings.listen(id, keyId, heard.resolve)
    const callOff = this.#clock.after(patience.waitMs, heard.resolve)
    patience.gone.addEventListener('abort', () => heard.resolve(), { once: true })
    patience.sentAway.addEventListener('abort', () => heard.resolve(), { once: true })
    try {
      if (!this.#draining && !(await look())) await heard.promise
    } finally {
      stop()
      callOff()
    }
  }

  /** Keeps the nonce of a signed request that nothing else would write for. @throws {BusError} `invalid_signature` on a replay */
  async witness(nonce: Nonce): Promise<void> {
    if (nonce !== null) accept(await this.#submit({ kind: 'witness', nonce }))
  }

  /** Keeps when a key was used, along with a commit that somebody else causes; with none before the stop, at the stop. */
  keyUsed(id: number): void {
    this.#commits.along({ kind: 'keyUsed', id, at: this.#clock.now() })
  }

  /** Keeps whether there is maintenance. What that means for requests is not the broker's. */
  async maintain(on: boolean, note: string, by?: Actor): Promise<Maintenance | null> {
    return accept(await this.#submit({ kind: 'maintain', on, note, by }))
  }

  /** Puts what an admin did outside the database into the audit trail. */
  async record(action: AuditAction, subject: string, detail: AuditEntry['detail'], by: Actor): Promise<void> {
    accept(await this.#submit({ kind: 'record', action, subject, detail, by }))
  }

  /** Answers everybody who waits for work or for an end, or those with that key: there is none now. */
  dismissWaiting(keyId?: KeyId): void {
    this.#claims.dismiss(keyId)
    this.#endings.dismiss(keyId)
  }

  /** Does all time-driven work that is due, now, and says what it was. */
  cleanup(): Promise<SweepCounts> {
    return this.#sweeper.runNow()
  }

  /** Workers in a long poll. */
  get waiting(): number {
    return this.#claims.waiting
  }

  waitingByNamespace(): Map<string, number> {
    return this.#claims.waitingByNamespace()
  }

  /** From now on nothing new is taken; what is under way goes on, and who waits for work is told that there is none. */
  beginDrain(): void {
    this.#draining = true
    this.#claims.beginDrain()
    this.#endings.dismiss()
  }

  /** Resolves when all that was taken is on disk. */
  async drain(): Promise<void> {
    this.beginDrain()
    await this.#sweeper.stop()
    this.#commits.handOverRest()
    await this.#commits.drained()
  }

  #lapsed(lapses: readonly Lapse[]): void {
    const deaths: Died[] = []
    for (const { id, namespace, what } of lapses) {
      if (what !== 'expired') this.#observer.leaseExpired(namespace)
      if (what === 'lease_retried') {
        this.#observer.retried(namespace)
      } else {
        deaths.push({ id, namespace, cause: what === 'expired' ? 'expired' : 'max_retries' })
        this.#endings.ended(id)
      }
    }
    if (deaths.length > 0) this.#observer.died(deaths)
  }

  #submit<O extends Op>(op: O): Promise<Outcome<O['kind']>> {
    return this.#commits.submit(op)
  }
}
