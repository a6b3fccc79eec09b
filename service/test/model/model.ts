import { type Death, hasAttemptsLeft, REASON, type WireState } from '../../intent/lifecycle.ts'
import { backoffMs } from '../../intent/retry.ts'
import type { Ask, Route } from '../../intent/routing.ts'
import type {
  CancelOp,
  ClaimOp,
  ExtendOp,
  FailOp,
  FulfilOp,
  Nonce,
  ProgressOp,
  PublishAllOp,
  PublishOp,
  ReleaseOp,
  RetryOp,
} from '../../store/operations.ts'
import type { Lapse, Refusal } from '../../store/outcomes.ts'
import type { ResultType } from '../../store/records.ts'

export type ModelIntent = {
  id: string
  sequence: number
  route: Route
  payload: string
  state: WireState
  priority: number
  attempts: number
  maxAttempts: number
  backoffMs: number
  runAt: number
  expiresAt: number
  leaseUntil: number
  token: string
  claimer: number | null
  lastError: string | null
  endedAt: number
  /** The how-manieth death of all; those that one sweep brings share a number. */
  deaths: number
  progress: number | null
  result: { type: ResultType; text: string } | null
  /** What its last `/fail` said. */
  failedWith: string | null
  death: Death | null
}
type Answer<T> = T | { refused: Refusal }
type Held = { id: string; keyId: number; token: string | null }

/** The bus as a list and a few loops: everything the engines do with indexes, done by looking at everything. */
export type ModelValue = { keyId: number; key: string; value: string; expiresAt: number }

export class Model {
  intents: ModelIntent[] = []
  readonly nonces = new Set<string>()
  readonly values = new Map<string, ModelValue>()
  remembered = new Map<string, { fingerprint: string; id: string; namespace: string; expiresAt: number }>()
  lapses: Lapse[] = []
  now = 0
  /** What was dropped. */
  readonly dropped: string[] = []
  #sequence = 0
  #deaths = 0

  find(id: string): ModelIntent | undefined {
    return this.intents.find(intent => intent.id === id)
  }

  isReplay(nonce: Nonce): boolean {
    if (nonce === null) return false
    const key = `${nonce.keyId} ${nonce.value}`
    if (this.nonces.has(key)) return true
    this.nonces.add(key)
    return false
  }

  publish(op: PublishOp): Answer<{ id: string; replayed: boolean }> {
    const publisher = op.route.publisher
    if (op.idempotency !== null) {
      const earlier = this.remembered.get(`${publisher} ${op.idempotency.key}`)
      if (earlier !== undefined && earlier.expiresAt > this.now) {
        if (earlier.fingerprint !== op.idempotency.fingerprint) return { refused: 'idempotency_conflict' }
        return { id: earlier.id, replayed: true }
      }
    }
    if (op.openLimit !== null && this.#unsettled(publisher) >= op.openLimit)
      return { refused: 'limit_exceeded' }
    const runAt = this.now + op.delayMs
    this.intents.push({
      id: op.id,
      sequence: this.#sequence++,
      route: op.route,
      payload: op.payload,
      state: 'open',
      priority: op.priority,
      attempts: 0,
      maxAttempts: op.maxAttempts,
      backoffMs: op.backoffMs,
      runAt,
      expiresAt: runAt + op.ttlMs,
      leaseUntil: 0,
      token: '',
      claimer: null,
      lastError: null,
      endedAt: 0,
      deaths: 0,
      progress: null,
      result: null,
      failedWith: null,
      death: null,
    })
    if (op.idempotency !== null) {
      const { key, fingerprint, expiresAt } = op.idempotency
      this.remembered.set(`${publisher} ${key}`, {
        fingerprint,
        id: op.id,
        namespace: op.route.namespace,
        expiresAt,
      })
    }
    return { id: op.id, replayed: false }
  }

  publishAll({
    ops,
  }: PublishAllOp): Answer<{ id: string; replayed: boolean }[]> | { refused: Refusal; item: number } {
    const before = { intents: [...this.intents], remembered: new Map(this.remembered) }
    const published: { id: string; replayed: boolean }[] = []
    for (const [item, op] of ops.entries()) {
      const answer = this.publish(op)
      if ('refused' in answer) {
        Object.assign(this, before)
        return { ...answer, item }
      }
      published.push(answer)
    }
    return published
  }

  progress(op: ProgressOp): Answer<{ id: string }> {
    const held = this.#held(op)
    if (held === undefined) return { refused: 'lease_lost' }
    held.progress = op.progress
    if (op.leaseMs !== null) held.leaseUntil = this.now + op.leaseMs
    return { id: op.id }
  }

  /** A namespace's intents go, and the idempotency keys that would go on answering for them. */
  purge(namespace: string): void {
    this.intents = this.intents.filter(intent => intent.route.namespace !== namespace)
    for (const [key, { namespace: of }] of this.remembered) if (of === namespace) this.remembered.delete(key)
  }

  /** What ended so long ago goes. */
  prune(keepMs: number): void {
    const ended = ({ state }: ModelIntent) => state === 'fulfilled' || state === 'dead'
    this.intents = this.intents.filter(intent => !ended(intent) || intent.endedAt > this.now - keepMs)
    for (const [key, { expiresAt }] of this.values) if (expiresAt <= this.now) this.values.delete(key)
  }

  claim(op: ClaimOp): { id: string; attempts: number; payload: string }[] {
    const taken: { id: string; attempts: number; payload: string }[] = []
    for (const token of op.tokens) {
      const best = this.#bestFor(op.ask)
      if (best === undefined) break
      best.state = 'claimed'
      best.attempts += 1
      best.claimer = op.ask.keyId
      best.progress = null
      best.token = token
      best.leaseUntil = this.now + op.leaseMs
      taken.push({ id: best.id, attempts: best.attempts, payload: best.payload })
    }
    return taken
  }

  release(op: ReleaseOp): boolean {
    const intent = this.find(op.id)
    if (intent?.state !== 'claimed' || intent.token !== op.token) return false
    intent.state = 'open'
    intent.attempts -= 1
    intent.claimer = null
    intent.progress = null
    return true
  }

  extend(op: ExtendOp): Answer<{ id: string }> {
    const held = this.#held(op)
    if (held === undefined) return { refused: 'lease_lost' }
    held.leaseUntil = this.now + op.leaseMs
    return { id: op.id }
  }

  fulfil(op: FulfilOp): Answer<{ id: string; became: string }> {
    const held = this.#held(op)
    if (held === undefined) return { refused: 'lease_lost' }
    held.state = 'fulfilled'
    held.endedAt = this.now
    held.lastError = null
    if (op.result !== null) held.result = { type: op.resultType, text: op.result }
    return { id: op.id, became: 'fulfilled' }
  }

  fail(op: FailOp): Answer<{ id: string; became: string }> {
    const held = this.#held(op)
    if (held === undefined) return { refused: 'lease_lost' }
    held.failedWith = op.error
    return { id: op.id, became: this.#endAttempt(held, op.error, op.jitterMs) }
  }

  cancel({ id, publisher }: CancelOp): Answer<{ id: string; moved: boolean }> {
    const intent = this.find(id)
    if (intent === undefined) return { refused: 'not_found' }
    if (publisher !== null && publisher !== intent.route.publisher) return { refused: 'not_yours' }
    const moved = intent.state !== 'dead'
    const reason = publisher === null ? REASON.cancelled : REASON.cancelledByPublisher
    if (moved) this.#die(intent, { cause: 'cancelled', reason })
    return { id, moved }
  }

  retry({ id, publisher, openLimit, ttlMs }: RetryOp): Answer<{ id: string; moved: boolean }> {
    const intent = this.find(id)
    if (intent === undefined) return { refused: 'not_found' }
    if (publisher !== null && publisher !== intent.route.publisher) return { refused: 'not_yours' }
    if (intent.state !== 'dead' && intent.state !== 'fulfilled') return { refused: 'not_ended' }
    const unsettled = this.#unsettled(intent.route.publisher)
    if (openLimit !== null && unsettled >= openLimit) return { refused: 'limit_exceeded' }
    Object.assign(intent, {
      state: 'open',
      attempts: 0,
      runAt: this.now,
      expiresAt: this.now + ttlMs,
      claimer: null,
      lastError: publisher === null ? REASON.retried : REASON.retriedByPublisher,
      progress: null,
      result: null,
      failedWith: null,
      death: null,
    } satisfies Partial<ModelIntent>)
    return { id, moved: true }
  }

  retryDead(ids: string[], ttlMs: number): boolean[] {
    const op = { kind: 'retry', publisher: null, openLimit: null, nonce: null, ttlMs } as const
    return ids.map(id => this.find(id)?.state === 'dead' && !('refused' in this.retry({ ...op, id })))
  }

  /** Its idempotency key stays. */
  dropDead(ids: string[]): boolean[] {
    return ids.map(id => {
      if (this.find(id)?.state !== 'dead') return false
      this.intents = this.intents.filter(intent => intent.id !== id)
      this.dropped.push(id)
      return true
    })
  }

  /** Newest death first. */
  deadLetters(namespace: string | null): ModelIntent[] {
    return this.intents
      .filter(({ state, route }) => state === 'dead' && (namespace === null || route.namespace === namespace))
      .sort((a, b) => b.deaths - a.deaths)
  }

  /** @returns the ids whose lease ran out and that got another attempt: their `runAt` is the engine's draw */
  sweep(): string[] {
    const requeued: string[] = []
    const earlier = this.#deaths
    for (const intent of this.intents) {
      const { namespace } = intent.route
      if (intent.state === 'claimed' && intent.leaseUntil <= this.now) {
        const became = this.#endAttempt(intent, REASON.leaseExpired, 0)
        this.lapses.push({
          id: intent.id,
          namespace,
          what: became === 'retry' ? 'lease_retried' : 'lease_died',
        })
        if (became === 'retry') requeued.push(intent.id)
      } else if (intent.state === 'open' && intent.runAt <= this.now && intent.expiresAt <= this.now) {
        this.#die(intent, { cause: 'expired', reason: REASON.expired })
        this.lapses.push({ id: intent.id, namespace, what: 'expired' })
      }
    }
    for (const intent of this.intents) if (intent.deaths > earlier) intent.deaths = this.#deaths
    return requeued
  }

  #unsettled(publisher: number): number {
    const theirs = this.intents.filter(({ route }) => route.publisher === publisher)
    return theirs.filter(({ state }) => state === 'open' || state === 'claimed').length
  }

  #bestFor(ask: Ask): ModelIntent | undefined {
    return this.intents
      .filter(i => i.state === 'open' && i.runAt <= this.now && fits(i.route, ask))
      .sort(
        (a, b) =>
          b.priority - a.priority || a.runAt - b.runAt || a.attempts - b.attempts || a.sequence - b.sequence,
      )
      .find(i => i.expiresAt > this.now)
  }

  #held(op: Held): ModelIntent | undefined {
    const intent = this.find(op.id)
    if (intent?.state !== 'claimed' || intent.leaseUntil <= this.now || intent.claimer !== op.keyId)
      return undefined
    return op.token === null || op.token === intent.token ? intent : undefined
  }

  #endAttempt(intent: ModelIntent, error: string, jitterMs: number): 'retry' | 'dead' {
    if (!hasAttemptsLeft(intent.attempts, intent.maxAttempts)) {
      this.#die(intent, { cause: 'max_retries', reason: intent.failedWith ?? REASON.maxRetries }, error)
      return 'dead'
    }
    intent.state = 'open'
    intent.lastError = error
    intent.progress = null
    moveRunAt(intent, this.now + backoffMs(intent.backoffMs, intent.attempts, jitterMs))
    return 'retry'
  }

  #die(intent: ModelIntent, death: Death, lastError = death.reason): void {
    intent.state = 'dead'
    intent.endedAt = this.now
    intent.deaths = ++this.#deaths
    intent.death = death
    intent.lastError = lastError
  }
}

/** How long it lives is counted from when it is due. */
export function moveRunAt(intent: ModelIntent, runAt: number): void {
  intent.expiresAt += runAt - intent.runAt
  intent.runAt = runAt
}

function fits(route: Route, ask: Ask): boolean {
  const allowed =
    ask.publisher === null
      ? route.publisher === ask.keyId || route.visibility === 'public'
      : route.publisher === ask.publisher
  return (
    allowed &&
    route.namespace === ask.namespace &&
    (ask.goal === null || route.goal === ask.goal) &&
    (route.targetWorker === null || route.targetWorker === ask.workerId) &&
    (route.requiredCapability === null || ask.capabilities.includes(route.requiredCapability))
  )
}
