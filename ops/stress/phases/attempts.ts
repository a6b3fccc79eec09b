import { setTimeout as sleep } from 'node:timers/promises'
import { type BusClient, membersOf, nameOf, type Reply } from '../bus/bus-client.ts'
import type { Check } from './check.ts'

const GOAL = 'stress.fails'
const MAX_ATTEMPTS = 2
/** The shortest that the protocol has. */
const BACKOFF_BASE_S = 1
/** What the bus adds to a backoff by chance, at most. */
const JITTER_S = 2
const MARGIN_MS = 400
/** How long past its time an intent may stay away before that counts. */
const LATE_MS = 15_000

/** Why there was nothing to claim. A 204 alone does not say. */
export type Reason = 'in backoff' | 'dead' | 'due, yet not handed out' | 'held by somebody' | 'cannot be told'

type Look = { reason: Reason; waitMs: number; saw: string }

/**
 * Phase 1B: an intent of two attempts that fails twice is dead. An empty claim proves nothing: an intent in backoff
 * answers 204 as a dead one does. So each 204 is followed by the question why; and when the longest backoff is over,
 * it is asked for once more.
 *
 * @param aheadMs how far the clock of the bus is ahead of ours
 */
export async function attempts(
  client: BusClient,
  namespace: string,
  aheadMs: number,
  signal: AbortSignal,
): Promise<Check[]> {
  const checks: Check[] = []
  const check = (what: string, ok: boolean | null, saw: string) => {
    checks.push({ what, ok, saw })
    return ok
  }
  const wait = (ms: number) => sleep(ms, undefined, { signal }).catch(() => undefined)
  const claim = () => client.send({ path: '/claim', query: { goal: GOAL, namespace } })
  const look = () => whyNothing(client, id, aheadMs)

  const published = await client.send({
    path: '/intent',
    body: {
      goal: GOAL,
      namespace,
      payload: null,
      max_attempts: MAX_ATTEMPTS,
      backoff_base: BACKOFF_BASE_S,
    },
  })
  const id = `${membersOf(published)['id']}`
  if (!check('an intent of two attempts is published', published.status === 201, nameOf(published)))
    return checks

  const first = await failOnce(client, await claim(), 1)
  if (!check('its first attempt is claimed and fails', first.ok, first.saw)) return checks
  const between = await claim()
  const betweenLook = await look()
  check(
    'after one failure it is in backoff, not dead',
    between.status === 204 && betweenLook.reason === 'in backoff',
    `${nameOf(between)}: ${betweenLook.saw}`,
  )
  if (between.status !== 204) return checks

  let late = await claimLate(claim, wait, betweenLook.waitMs + MARGIN_MS, signal)
  if (signal.aborted) return checks
  if (late.status === 204) {
    const { saw } = await look()
    check('it is handed out again when its backoff is over', false, `204: ${saw}`)
    return checks
  }
  const second = await failOnce(client, late, 2)
  if (!check('its second attempt is claimed and fails', second.ok, second.saw)) return checks

  const after = await claim()
  const afterLook = await look()
  check(
    'after two failures it is dead: that is why there is nothing to claim',
    after.status === 204 && afterLook.reason === 'dead',
    `${nameOf(after)}: ${afterLook.saw}`,
  )

  // The longest it could be in backoff, were it not dead.
  const longestMs = (BACKOFF_BASE_S * 2 ** MAX_ATTEMPTS + JITTER_S) * 1000
  await wait(Math.max(longestMs, afterLook.waitMs) + MARGIN_MS)
  if (signal.aborted) return checks
  late = after.status === 204 ? await claim() : after
  check(
    'it is never handed out a third time, even when a backoff would be over',
    late.status === 204,
    late.status === 200 ? `handed out again, as attempt ${membersOf(late)['claim_attempts']}` : nameOf(late),
  )
  if (late.status === 200) await failOnce(client, late, 3)

  if (client.isAdmin) {
    const letter = await client.sendAsAdmin('GET', `/admin/dead/${id}`)
    const { attempts: counted, reason } = membersOf(letter)
    check(
      'its dead letter is there, and counts two attempts',
      letter.status === 200 && counted === MAX_ATTEMPTS,
      letter.status === 200 ? `${counted} attempts: ${reason}` : nameOf(letter),
    )
  } else check('its dead letter is there', null, 'not looked at: there is no admin token')
  return checks
}

async function whyNothing(client: BusClient, id: string, aheadMs: number): Promise<Look> {
  const reply = await client.send({ method: 'GET', path: `/status/${id}` })
  const { status, run_at: runAt } = membersOf(reply)
  const cannot = { waitMs: 0, reason: 'cannot be told' } as const
  if (reply.status !== 200) return { ...cannot, saw: `its status cannot be read (${nameOf(reply)})` }
  if (status === 'dead') return { reason: 'dead', waitMs: 0, saw: 'its status is dead' }
  if (status === 'claimed') return { reason: 'held by somebody', waitMs: 0, saw: 'its status is claimed' }
  if (status !== 'open' || typeof runAt !== 'number') return { ...cannot, saw: `its status is ${status}` }
  const waitMs = runAt * 1000 - (Date.now() + aheadMs)
  return waitMs > 0
    ? { reason: 'in backoff', waitMs, saw: `it is open, in backoff for ${(waitMs / 1000).toFixed(1)} s` }
    : { reason: 'due, yet not handed out', waitMs: 0, saw: 'it is open and due' }
}

async function failOnce(
  client: BusClient,
  claimed: Reply,
  attempt: number,
): Promise<{ ok: boolean; saw: string }> {
  if (claimed.status !== 200) return { ok: false, saw: `claim: ${nameOf(claimed)}` }
  const { id, claim_token, claim_attempts } = membersOf(claimed)
  const failed = await client.send({ path: `/fail/${id}`, body: { claim_token, error: 'on purpose' } })
  return {
    ok: failed.status === 200 && claim_attempts === attempt,
    saw: `attempt ${claim_attempts}, fail: ${nameOf(failed)}`,
  }
}

/** Claims when the backoff should be over, and for some time after. */
async function claimLate(
  claim: () => Promise<Reply>,
  wait: (ms: number) => Promise<unknown>,
  afterMs: number,
  signal: AbortSignal,
): Promise<Reply> {
  await wait(afterMs)
  const giveUpAt = performance.now() + LATE_MS
  for (;;) {
    const reply = await claim()
    if (reply.status !== 204 || signal.aborted || performance.now() > giveUpAt) return reply
    await wait(500)
  }
}
