/** What became of an operation: a value, or a refusal. */
import type { State } from '../intent/lifecycle.ts'
import type { KeyId, Route } from '../intent/routing.ts'
import type { Op, PurgeCursor } from './operations.ts'
import type { KeyFacts, Maintenance } from './records.ts'

export type Refusal =
  | 'replay'
  | 'limit_exceeded'
  /** Its values and open payloads are as many bytes as it may have. */
  | 'too_many_bytes'
  /** The disk has less room than is kept free. */
  | 'disk_low'
  /** The disk is full, and this frees nothing. */
  | 'disk_full'
  | 'idempotency_conflict'
  | 'lease_lost'
  | 'not_found'
  /** It is another key's. */
  | 'not_yours'
  /** It is open or claimed. */
  | 'not_ended'
  | 'no_key'
  /** Another key has it by now. */
  | 'key_number_taken'
  /** It has a successor already. */
  | 'key_replaced'
  | 'key_end_unsaid'
  /** It met a damaged part of the store; the rest of its commit stands. */
  | 'damaged'
  /** The engine could not carry out this one operation; the rest of its commit stands. */
  | 'internal'

export type Published = { id: string; namespace: string; replayed: boolean }

export type Claimed = {
  id: string
  route: Route
  payload: string
  attempts: number
  priority: number
  token: string
  leaseMs: number
  /** How long it had been due, in ms. */
  waitedMs: number
}

export type Settled = {
  id: string
  namespace: string
  heldMs: number
  became: 'fulfilled' | 'retry' | 'dead'
}

/** `moved`: whether this changed anything (a cancel may be repeated). */
export type Moved = { id: string; state: State; namespace: string; moved: boolean }

/** Rows handled by a sweep, under the names of the wire. */
export const SWEEP_COUNTS = [
  'expired_open_deleted',
  'expired_claims_requeued',
  'expired_claims_dead',
  'fulfilled_deleted',
  'dead_deleted',
  'dead_letters_deleted',
  'store_deleted',
  'idempotency_deleted',
  'nonces_deleted',
] as const

export type SweepCounts = Record<(typeof SWEEP_COUNTS)[number], number>

export const noCounts = () => Object.fromEntries(SWEEP_COUNTS.map(name => [name, 0])) as SweepCounts

type Swept = { counts: SweepCounts; done: boolean }

/** Something that time did to an intent, in whichever commit noticed. */
export type Lapse = { id: string; namespace: string; what: 'lease_retried' | 'lease_died' | 'expired' }

export type ValueOf = {
  publish: Published
  publishAll: Published[]
  settleAll: Outcome<'extend' | 'fulfil' | 'fail'>[]
  claim: Claimed[]
  /** Whether it was still claimed with that token. */
  release: boolean
  extend: { id: string }
  fulfil: Settled
  fail: Settled
  progress: { id: string }
  set: null
  witness: null
  createKey: KeyFacts
  resealKeys: null
  /** Both as they are now. */
  rotateKey: { successor: KeyFacts; predecessor: KeyFacts }
  changeKey: KeyFacts
  /** `unsettled`: open and claimed intents of its identity, which stay. `last`: no other key of that is left. */
  revokeKey: { id: number; identity: KeyId; unsettled: number; last: boolean } | null
  dropValues: { dropped: number }
  keyUsed: null
  cancel: Moved
  retry: Moved
  /** Per id, in order: whether it was dead. One that stands twice is not when its second turn comes. */
  retryDead: boolean[]
  dropDead: boolean[]
  maintain: Maintenance | null
  record: null
  /** `deleted` counts intents. */
  purge: { deleted: number; next: PurgeCursor | null }
  sweep: Swept
}

/** `item`: which one of several. `held` and `most`: what there is, and what there may be of it. */
export type Refused = { ok: false; refusal: Refusal; item?: number; held?: number; most?: number }

export type Outcome<K extends Op['kind'] = Op['kind']> = { ok: true; value: ValueOf[K] } | Refused
