/**
 * What clients saw and what the database holds in the end, held against what the bus promises. Pure: it is given a
 * history and says what is wrong with it. Its own test feeds it histories that are.
 */

/** When a request left and when its answer was here, on the harness's monotonic clock (ms). */
type Span = { sentAt: number; answeredAt: number }
/** `unknown`: the connection died; it may have happened or not. */
export type Outcome = 'ok' | 'refused' | 'unknown'

type PublishSeen = Span & {
  kind: 'publish'
  key: string | null
  /** The JSON text sent; unique to one logical publish. */
  payload: string
  outcome: Outcome
  id: string | null
}
type ClaimSeen = Span & {
  kind: 'claim'
  id: string
  token: string
  attempts: number
  payload: string
}
type SettleSeen = Span & {
  kind: 'fulfil' | 'fail' | 'extend'
  id: string
  token: string
  outcome: Outcome
}
/** A signed request that had been answered with success, sent once more in a later life of the bus. */
type ReplaySeen = Span & { kind: 'replay'; accepted: boolean }
/** An accepted idempotency key, sent once more with another body. */
type ConflictSeen = Span & { kind: 'conflict'; accepted: boolean }

export type Seen = PublishSeen | ClaimSeen | SettleSeen | ReplaySeen | ConflictSeen

export type Stored = {
  id: string
  state: string
  attempts: number
  maxAttempts: number
  payload: string
  hasResult: boolean
  deadLetters: number
}

export type History = { seen: Seen[]; stored: Stored[]; leaseMs: number }

/** @returns a line per broken promise; none is what everybody hopes for */
export function violations({ seen, stored, leaseMs }: History): string[] {
  const found: string[] = []
  const publishes = seen.filter(event => event.kind === 'publish')
  const claims = seen.filter(event => event.kind === 'claim')
  const settles = seen.filter(isSettle)
  const byId = new Map(stored.map(intent => [intent.id, intent]))

  publishesAreThere(publishes, stored, byId, found)
  settlesHold(settles, claims, byId, found)
  leasesEnd(settles, claims, leaseMs, found)
  claimsAreExclusive(claims, settles, byId, leaseMs, found)
  statesAreSound(stored, found)
  for (const event of seen) {
    if (event.kind === 'replay' && event.accepted) found.push('a nonce was accepted twice')
    if (event.kind === 'conflict' && event.accepted)
      found.push('an idempotency key was accepted with two bodies')
  }
  return found
}

function isSettle(event: Seen): event is SettleSeen {
  return event.kind === 'fulfil' || event.kind === 'fail' || event.kind === 'extend'
}

function publishesAreThere(
  publishes: PublishSeen[],
  stored: Stored[],
  byId: Map<string, Stored>,
  found: string[],
): void {
  const sent = new Map<string, { keyed: boolean; tries: number }>()
  const idOfKey = new Map<string, string>()
  for (const { key, payload, outcome, id } of publishes) {
    const tries = (sent.get(payload)?.tries ?? 0) + (outcome === 'refused' ? 0 : 1)
    sent.set(payload, { keyed: key !== null, tries })
    if (outcome !== 'ok') continue
    const intent = byId.get(id!)
    if (intent === undefined) found.push(`publish ${id} was acknowledged and is gone`)
    else if (intent.payload !== payload) found.push(`publish ${id} has another payload now`)
    if (key === null) continue
    const first = idOfKey.get(key)
    if (first !== undefined && first !== id) found.push(`key ${key} answered ${first}, then ${id}`)
    idOfKey.set(key, id!)
  }

  const made = new Map<string, number>()
  for (const { payload } of stored) made.set(payload, (made.get(payload) ?? 0) + 1)
  for (const [payload, times] of made) {
    const publish = sent.get(payload)
    if (publish === undefined) found.push(`nobody published ${payload}`)
    else if (times > (publish.keyed ? 1 : publish.tries)) found.push(`${payload} became ${times} intents`)
  }
}

function settlesHold(
  settles: SettleSeen[],
  claims: ClaimSeen[],
  byId: Map<string, Stored>,
  found: string[],
): void {
  const accepted = new Map<string, number>()
  const lastClaim = new Map<string, number>()
  for (const { id, sentAt } of claims) lastClaim.set(id, Math.max(lastClaim.get(id) ?? 0, sentAt))
  for (const { kind, id, token, outcome, answeredAt } of settles) {
    if (outcome !== 'ok' || kind === 'extend') continue
    const times = (accepted.get(token) ?? 0) + 1
    accepted.set(token, times)
    if (times === 2) found.push(`lease ${token} of ${id} was settled twice`)
    const intent = byId.get(id)
    if (intent === undefined) {
      found.push(`${id} was settled and is gone`)
    } else if (kind === 'fulfil') {
      if (intent.state !== 'fulfilled')
        found.push(`${id} was fulfilled, acknowledged, and is ${intent.state} now`)
      else if (!intent.hasResult) found.push(`the result of ${id} was acknowledged and is gone`)
      if ((lastClaim.get(id) ?? 0) > answeredAt) found.push(`${id} was handed out after its fulfilment`)
    }
  }
}

/** By how much two clocks that both follow the machine's may disagree, in ms. */
const CLOCK_SLACK_MS = 100

function leasesEnd(settles: SettleSeen[], claims: ClaimSeen[], leaseMs: number, found: string[]): void {
  const endsAt = new Map(claims.map(claim => [claim.token, claim.answeredAt + leaseMs + CLOCK_SLACK_MS]))
  for (const { kind, token } of settles) if (kind === 'extend') endsAt.delete(token)
  for (const { id, token, outcome, sentAt } of settles) {
    if (outcome === 'ok' && sentAt > (endsAt.get(token) ?? Number.POSITIVE_INFINITY))
      found.push(`${id} was settled after its lease ran out`)
  }
}

function claimsAreExclusive(
  claims: ClaimSeen[],
  settles: SettleSeen[],
  byId: Map<string, Stored>,
  leaseMs: number,
  found: string[],
): void {
  // Anything but a refusal may have ended the lease.
  const mayHaveEnded = settles.filter(({ kind, outcome }) => kind !== 'extend' && outcome !== 'refused')
  const ended = new Set(mayHaveEnded.map(settle => settle.token))
  const perIntent = Map.groupBy(claims, claim => claim.id)
  for (const [id, taken] of perIntent) {
    const intent = byId.get(id)
    if (intent === undefined) {
      found.push(`${id} was handed out and is not there`)
      continue
    }
    const inOrder = taken.toSorted((a, b) => a.sentAt - b.sentAt)
    for (const [i, claim] of inOrder.entries()) {
      if (claim.payload !== intent.payload) found.push(`${id} was handed out with another payload`)
      if (claim.attempts > intent.maxAttempts)
        found.push(`${id} was handed out ${claim.attempts} times, of ${intent.maxAttempts}`)
      if (claim.attempts > intent.attempts)
        found.push(`${id} counts ${intent.attempts} attempts, and was handed out as number ${claim.attempts}`)
      const next = inOrder[i + 1]
      if (next === undefined || next.sentAt < claim.answeredAt) continue
      if (next.attempts <= claim.attempts)
        found.push(`attempt ${claim.attempts} of ${id} was handed out twice`)
      // The lease began after the request left, so until then it lived for certain.
      if (!ended.has(claim.token) && next.answeredAt < claim.sentAt + leaseMs - CLOCK_SLACK_MS)
        found.push(`${id} was handed out again while its lease lived`)
    }
  }
}

function statesAreSound(stored: Stored[], found: string[]): void {
  for (const { id, state, attempts, maxAttempts, hasResult, deadLetters } of stored) {
    if (attempts > maxAttempts) found.push(`${id} has ${attempts} attempts, of ${maxAttempts}`)
    if (state === 'dead' && deadLetters !== 1) found.push(`${id} is dead with ${deadLetters} dead letters`)
    if (state !== 'dead' && deadLetters !== 0) found.push(`${id} is ${state} and has a dead letter`)
    if (state !== 'fulfilled' && hasResult) found.push(`${id} is ${state} and has a result`)
  }
}
