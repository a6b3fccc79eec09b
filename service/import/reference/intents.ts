import { compact, skipSpace, spanOf } from '../../http/json/text.ts'
import { type Death, errorOfLastFail, hasAttemptsLeft, REASON } from '../../intent/lifecycle.ts'
import { type KeyId, MASTER_KEY, type Route } from '../../intent/routing.ts'
import type { IntentResult } from '../../store/records.ts'
import type { AdoptedIntent } from '../../store/sqlite/adoption.ts'
import { idOf, msOf, numberOf, textOf, Unfit, wholeOf } from './cells.ts'
import type { Parties } from './parties.ts'
import type { Cell, Row } from './source.ts'

/** What is asked of the rest of the world. */
export type Surroundings = {
  /** Bus time, in ms. */
  now: number
  ttlMs: number
  keepFulfilledMs: number
  keepDeadMs: number
  parties: Parties
  /** Whether the table says who published; 7.0 did not. */
  hasPublishers: boolean
  /** A claim token for a lease that has none. */
  token(): string
  /** The dead letter of an intent. */
  letterOf(id: string): Row | undefined
}

export type Taken = { intent: AdoptedIntent; changes: string[] }

const LEASE_MS = 60_000
const LONGEST_LEASE_MS = 3_600_000
const DEFAULT_ATTEMPTS = 3
const MOST_ATTEMPTS = 20

const CHANGED = {
  id: 'its id had fewer digits: it has zeros in front now',
  payload: 'its payload is the same JSON with the white space gone',
  noPublisher: 'nobody knows who published it: it is the master key’s now',
  revoked: 'its publisher’s key is gone: private, nobody can claim it; an admin can cancel it',
  token:
    'its lease had no claim token: only a worker that sends none can settle it (BUS_REQUIRE_CLAIM_TOKEN=false)',
  lease: 'its lease ended more than an hour from now: it ends in an hour',
  spent: 'it was open with no attempt left: it is a dead letter now',
  expired: 'it had outlived its time and waited for the clean-up: it is a dead letter now',
  life: 'it lives for BUS_INTENT_TTL_SECONDS from when it is due, not from when it was published',
  result: 'its result is not the JSON it is said to be: it is a text now',
} as const

export const LEFT_OUT = {
  fulfilled: 'fulfilled longer ago than BUS_FULFILLED_RETENTION_SECONDS: the bus would delete it at once',
  dead: 'dead for longer than BUS_DEAD_RETENTION_SECONDS: the bus would delete it at once',
} as const

/**
 * A row of `intents` as this bus has it.
 *
 * @throws {Unfit} it cannot be taken
 */
export function intentOf(row: Row, around: Surroundings): Taken {
  const changes: string[] = []
  const id = idOf(row['id'])
  if (id.length !== String(row['id']).replaceAll('-', '').length) changes.push(CHANGED.id)
  const createdAt = msOf(row['created_at'])
  if (createdAt === null) throw new Unfit('created_at is no time')
  const runAt = msOf(row['run_at']) ?? createdAt
  const route = routeOf(row, around, changes)
  const status = textOf(row['status']) ?? ''
  const claimed = status === 'claimed'
  const common = {
    id,
    route,
    payload: payloadOf(row['payload'], changes),
    priority: wholeOf(row['priority'], 0, 1000, 100),
    // 7.0 counts no attempts: one that is claimed is in its first.
    attempts: wholeOf(row['claim_attempts'], 0, Number.MAX_SAFE_INTEGER, 0) || (claimed ? 1 : 0),
    maxAttempts: wholeOf(row['max_attempts'], 1, MOST_ATTEMPTS, DEFAULT_ATTEMPTS),
    backoffMs: Math.round(numberOf(row['backoff_base'], 1, 3600, 5) * 1000),
    createdAt,
    runAt,
    expiresAt: runAt + around.ttlMs,
    lastError: textOf(row['last_error']) || null,
    claimer: around.hasPublishers || claimed ? around.parties.of(row['claimed_by']) : null,
  }
  switch (status) {
    case 'open':
      return { intent: open(common, msOf(row['expires_at']), around, changes), changes }
    case 'claimed':
      return { intent: { ...common, ...leaseOf(row, around, changes), state: 'claimed' }, changes }
    case 'fulfilled':
      return { intent: fulfilled(common, row, around, changes), changes }
    // 7.0.1 called it so.
    case 'dead':
    case 'failed':
      return { intent: dead(common, row, around), changes }
    default:
      throw new Unfit('its status is none that the reference server 7.x has')
  }
}

type Common = Omit<AdoptedIntent, 'state'>

function open(
  common: Common,
  theirEnd: number | null,
  around: Surroundings,
  changes: string[],
): AdoptedIntent {
  const { now, keepDeadMs } = around
  if (theirEnd !== null && theirEnd <= now) {
    if (theirEnd + keepDeadMs <= now) throw new Unfit(LEFT_OUT.dead)
    changes.push(CHANGED.expired)
    return {
      ...common,
      state: 'dead',
      lastError: REASON.expired,
      expiresAt: theirEnd,
      diedAt: theirEnd,
      cause: 'expired',
      reason: REASON.expired,
    }
  }
  if (!hasAttemptsLeft(common.attempts, common.maxAttempts)) {
    changes.push(CHANGED.spent)
    return { ...common, state: 'dead', diedAt: now, ...deathOf(common.lastError) }
  }
  if (theirEnd !== null && Math.abs(theirEnd - common.expiresAt) > 1000) changes.push(CHANGED.life)
  // It has been due for longer than intents live here, and was still good there.
  const expiresAt = common.expiresAt > now ? common.expiresAt : (theirEnd ?? common.expiresAt)
  return { ...common, expiresAt, state: common.runAt > now ? 'delayed' : 'ready' }
}

/** A lease goes on: the worker that holds it hands in its work here. One that has run out the bus ends, by its own rules. */
function leaseOf(row: Row, { now, token }: Surroundings, changes: string[]) {
  const claimedAt = msOf(row['claimed_at']) ?? now - LEASE_MS
  const theirEnd = msOf(row['claim_expires_at']) ?? claimedAt + LEASE_MS
  if (theirEnd > now + LONGEST_LEASE_MS) changes.push(CHANGED.lease)
  const known = textOf(row['claim_token']) || null
  if (known === null) changes.push(CHANGED.token)
  return { claimedAt, leaseUntil: Math.min(theirEnd, now + LONGEST_LEASE_MS), token: known ?? token() }
}

function fulfilled(common: Common, row: Row, around: Surroundings, changes: string[]): AdoptedIntent {
  // Versions before 7.5 do not say when.
  const completedAt = msOf(row['completed_at']) ?? msOf(row['claimed_at']) ?? common.createdAt
  if (completedAt + around.keepFulfilledMs <= around.now) throw new Unfit(LEFT_OUT.fulfilled)
  const result = resultOf(row, changes)
  return { ...common, lastError: null, state: 'fulfilled', completedAt, result }
}

function dead(common: Common, row: Row, around: Surroundings): AdoptedIntent {
  const letter = typeof row['id'] === 'string' ? around.letterOf(row['id']) : undefined
  const diedAt = msOf(row['failed_at']) ?? msOf(letter?.['created_at']) ?? common.createdAt
  if (diedAt + around.keepDeadMs <= around.now) throw new Unfit(LEFT_OUT.dead)
  const said = textOf(letter?.['reason']) ?? common.lastError
  const lastError = common.lastError ?? said
  return { ...common, lastError, state: 'dead', diedAt, ...deathOf(said) }
}

/** @param said the reason that the reference server gives: what ended the intent, or the error of its last attempt */
export function deathOf(said: string | null): Death {
  if (said === REASON.cancelled) return { cause: 'cancelled', reason: REASON.cancelled }
  if (said === 'Expired unclaimed') return { cause: 'expired', reason: REASON.expired }
  return { cause: 'max_retries', reason: errorOfLastFail(said || null, null) ?? REASON.maxRetries }
}

const NAMESPACE = /^[A-Za-z0-9_.-]{1,64}$/
const LABEL = /^[A-Za-z0-9_.:-]{1,64}$/

/** @throws {Unfit} */
export function routeOf(row: Row, around: Surroundings, changes: string[]): Route {
  const namespace = textOf(row['namespace']) ?? 'default'
  if (!NAMESPACE.test(namespace)) throw new Unfit('its namespace takes 1 to 64 of A-Z a-z 0-9 _ . -')
  const goal = textOf(row['goal'])?.trim() ?? ''
  if (goal === '' || goal.includes('\0')) throw new Unfit('its goal is no text')
  const publisher = publisherOf(row, around, changes)
  return {
    namespace,
    goal,
    publisher,
    // Every key could claim every intent of 7.0.
    visibility: row['visibility'] === 'public' || !around.hasPublishers ? 'public' : 'private',
    targetWorker: labelOf(row['target_worker'], 'target_worker'),
    requiredCapability: labelOf(row['required_capability'], 'required_capability'),
  }
}

function publisherOf(row: Row, { hasPublishers, parties }: Surroundings, changes: string[]): KeyId {
  // 7.0 writes the publisher where the claimer goes, as long as there is none.
  const named = hasPublishers ? row['publisher'] : row['status'] === 'open' ? row['claimed_by'] : null
  const publisher = parties.of(named)
  if (publisher === null) {
    changes.push(CHANGED.noPublisher)
    return MASTER_KEY
  }
  if (parties.isRevoked(String(named))) changes.push(CHANGED.revoked)
  return publisher
}

function labelOf(cell: Cell | undefined, name: string): string | null {
  const label = textOf(cell)
  if (label === null || label === '') return null
  if (!LABEL.test(label)) throw new Unfit(`its ${name} takes 1 to 64 of A-Z a-z 0-9 _ . : -`)
  return label
}

/** @throws {Unfit} */
export function payloadOf(cell: Cell | undefined, changes: string[]): string {
  const text = textOf(cell) ?? ''
  const json = compactJson(text)
  // Python writes NaN and Infinity, which no JSON parser takes.
  if (json === null) throw new Unfit('its payload is no JSON')
  if (json !== text) changes.push(CHANGED.payload)
  return json
}

function resultOf(row: Row, changes: string[]): IntentResult | null {
  const text = textOf(row['result'])
  if (text === null) return null
  if (row['result_type'] === 'text') return { type: 'text', text }
  const json = compactJson(text)
  if (json !== null) return { type: 'json', text: json }
  changes.push(CHANGED.result)
  return { type: 'text', text }
}

function compactJson(text: string): string | null {
  try {
    JSON.parse(text)
  } catch {
    return null
  }
  return compact(text, spanOf(text, skipSpace(text, 0)))
}
