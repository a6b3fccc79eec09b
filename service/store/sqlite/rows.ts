/**
 * Operations and outcomes as one row of values, for the way between the threads: each begins with its kind, and its values follow
 * in an order that both sides know. A structured clone writes the name of each field of each object: four publishes, claims and
 * fulfils took 26 us of both threads' time one way, and 11 as a row. What is rare crosses as the object that it is.
 */
import type { Ask, Route } from '../../intent/routing.ts'
import type { ClaimOp, FulfilOp, Op, PublishOp } from '../operations.ts'
import type { Claimed, Outcome, Published, Settled } from '../outcomes.ts'
import {
  fromSentOp,
  fromSentOutcome,
  type SentOp,
  type SentOutcome,
  toSentOp,
  toSentOutcome,
} from './crossing.ts'

export type Row = unknown[]

const PUBLISH = 1
const CLAIM = 2
const FULFIL = 3
type Kind = typeof PUBLISH | typeof CLAIM | typeof FULFIL

export function toOpRow(ops: readonly Op[]): Row {
  const row: Row = []
  for (const op of ops) {
    if (op.kind === 'publish') pushPublish(row, op)
    else if (op.kind === 'claim') pushClaim(row, op)
    else if (op.kind === 'fulfil')
      row.push(FULFIL, op.id, op.keyId, op.token, op.result, op.resultType, op.nonce)
    else row.push(toSentOp(op))
  }
  return row
}

export function fromOpRow(row: Row): Op[] {
  const ops: Op[] = []
  const from = new Reader(row)
  while (!from.isAtEnd) {
    const kind = from.next<Kind | SentOp>()
    if (kind === PUBLISH) ops.push(publishFrom(from))
    else if (kind === CLAIM) ops.push(claimFrom(from))
    else if (kind === FULFIL) ops.push(fulfilFrom(from))
    else ops.push(fromSentOp(kind))
  }
  return ops
}

/** @param ops that they are the outcomes of, one each */
export function toOutcomeRow(ops: readonly Op[], outcomes: readonly Outcome[]): Row {
  const row: Row = []
  for (const [i, op] of ops.entries()) {
    const outcome = outcomes[i]!
    if (!outcome.ok) row.push(outcome)
    else if (op.kind === 'publish') {
      const { id, namespace, replayed } = outcome.value as Published
      row.push(PUBLISH, id, namespace, replayed)
    } else if (op.kind === 'claim' && op.tokens.length === 1) pushClaimed(row, outcome.value as Claimed[])
    else if (op.kind === 'fulfil') {
      const { id, namespace, heldMs, became } = outcome.value as Settled
      row.push(FULFIL, id, namespace, heldMs, became)
    } else row.push(toSentOutcome(op, outcome))
  }
  return row
}

export function fromOutcomeRow(row: Row): Outcome[] {
  const outcomes: Outcome[] = []
  const from = new Reader(row)
  while (!from.isAtEnd) {
    const kind = from.next<Kind | SentOutcome>()
    if (kind === PUBLISH) outcomes.push({ ok: true, value: publishedFrom(from) })
    else if (kind === CLAIM) outcomes.push({ ok: true, value: claimedFrom(from) })
    else if (kind === FULFIL) outcomes.push({ ok: true, value: settledFrom(from) })
    else outcomes.push(fromSentOutcome(kind))
  }
  return outcomes
}

class Reader {
  readonly #row: Row
  #at = 0

  constructor(row: Row) {
    this.#row = row
  }

  get isAtEnd(): boolean {
    return this.#at === this.#row.length
  }

  next<T>(): T {
    const value = this.#row[this.#at] as T
    this.#at += 1
    return value
  }
}

// Fields are read in the order in which they stand below.

function pushPublish(row: Row, op: PublishOp): void {
  row.push(PUBLISH, op.id)
  pushRoute(row, op.route)
  row.push(op.payload, op.priority, op.delayMs, op.ttlMs, op.maxAttempts, op.backoffMs, op.openLimit)
  row.push(op.idempotency, op.nonce)
}

const publishFrom = (from: Reader): PublishOp => ({
  kind: 'publish',
  id: from.next(),
  route: routeFrom(from),
  payload: from.next(),
  priority: from.next(),
  delayMs: from.next(),
  ttlMs: from.next(),
  maxAttempts: from.next(),
  backoffMs: from.next(),
  openLimit: from.next(),
  idempotency: from.next(),
  nonce: from.next(),
})

function pushRoute(
  row: Row,
  { namespace, publisher, visibility, goal, targetWorker, requiredCapability }: Route,
): void {
  row.push(namespace, publisher, visibility, goal, targetWorker, requiredCapability)
}

const routeFrom = (from: Reader): Route => ({
  namespace: from.next(),
  publisher: from.next(),
  visibility: from.next(),
  goal: from.next(),
  targetWorker: from.next(),
  requiredCapability: from.next(),
})

function pushClaim(row: Row, { ask, tokens, leaseMs, nonce }: ClaimOp): void {
  const { keyId, namespace, goal, publisher, workerId, capabilities } = ask
  row.push(CLAIM, keyId, namespace, goal, publisher, workerId, capabilities, leaseMs, nonce)
  pushList(row, tokens)
}

const claimFrom = (from: Reader): ClaimOp => ({
  kind: 'claim',
  ask: askFrom(from),
  leaseMs: from.next(),
  nonce: from.next(),
  tokens: listFrom(from),
})

const askFrom = (from: Reader): Ask => ({
  keyId: from.next(),
  namespace: from.next(),
  goal: from.next(),
  publisher: from.next(),
  workerId: from.next(),
  capabilities: from.next(),
})

const fulfilFrom = (from: Reader): FulfilOp => ({
  kind: 'fulfil',
  id: from.next(),
  keyId: from.next(),
  token: from.next(),
  result: from.next(),
  resultType: from.next(),
  nonce: from.next(),
})

function pushList(row: Row, list: readonly unknown[]): void {
  row.push(list.length)
  for (const value of list) row.push(value)
}

function listFrom<T>(from: Reader): T[] {
  const list: T[] = []
  for (let left = from.next<number>(); left > 0; left -= 1) list.push(from.next())
  return list
}

const publishedFrom = (from: Reader): Published => ({
  id: from.next(),
  namespace: from.next(),
  replayed: from.next(),
})

function pushClaimed(row: Row, claimed: readonly Claimed[]): void {
  row.push(CLAIM, claimed.length)
  for (const one of claimed) {
    row.push(one.id)
    pushRoute(row, one.route)
    row.push(one.payload, one.attempts, one.priority, one.token, one.leaseMs, one.waitedMs)
  }
}

function claimedFrom(from: Reader): Claimed[] {
  const claimed: Claimed[] = []
  for (let left = from.next<number>(); left > 0; left -= 1) {
    claimed.push({
      id: from.next(),
      route: routeFrom(from),
      payload: from.next(),
      attempts: from.next(),
      priority: from.next(),
      token: from.next(),
      leaseMs: from.next(),
      waitedMs: from.next(),
    })
  }
  return claimed
}

const settledFrom = (from: Reader): Settled => ({
  id: from.next(),
  namespace: from.next(),
  heldMs: from.next(),
  became: from.next(),
})
