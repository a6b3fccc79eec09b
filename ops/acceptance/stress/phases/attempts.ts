import { type BusClient, membersOf, nameOf, type Reply } from '../bus/bus-client.ts'
import type { BusTime } from '../bus/bus-time.ts'
import type { Check } from './check.ts'
import { type Status, statusOf } from './status.ts'

const GOAL = 'stress.fails'
const MAX_ATTEMPTS = 2
/** The shortest that the protocol has. */
const BACKOFF_BASE_S = 1
/** What the bus adds to a backoff by chance, at most. */
const JITTER_S = 2
const MARGIN_MS = 400
/** How long past its time an intent may stay away before that counts. */
const LATE_MS = 15_000
const ASK_EVERY_MS = 500

/**
 * Phase 1B: an intent of two attempts that fails twice is dead. An empty claim proves nothing: an intent in backoff
 * answers 204 as a dead one does. So each 204 is followed by the question why; and when the longest backoff is over,
 * it is asked for once more.
 */
export async function attempts(
  client: BusClient,
  namespace: string,
  time: BusTime,
  signal: AbortSignal,
): Promise<Check[]> {
  const checks: Check[] = []
  const check = (what: string, ok: boolean, saw: string): boolean => {
    checks.push({ what, ok, saw })
    return ok
  }
  const claim = () => client.send({ path: '/claim', query: { goal: GOAL, namespace } })

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
  const why = await statusOf(client, id, time)
  const isInBackoff = between.status === 204 && why.name === 'open, in backoff'
  check('after one failure it is in backoff, not dead', isInBackoff, told(between, why))
  if (between.status !== 204) return checks

  const again = await claimLate(claim, time, why.dueInMs + MARGIN_MS, signal)
  if (signal.aborted) return checks
  const second = await failOnce(client, again, 2)
  if (!check('its second attempt comes when the backoff is over, and fails', second.ok, second.saw))
    return checks

  const after = await claim()
  const whyAfter = await statusOf(client, id, time)
  check(
    'after two failures it is dead: that is why there is nothing to claim',
    after.status === 204 && whyAfter.name === 'dead',
    told(after, whyAfter),
  )
  // The longest it could be in backoff, were it not dead.
  const longestMs = (BACKOFF_BASE_S * 2 ** MAX_ATTEMPTS + JITTER_S) * 1000
  if (after.status === 204) await time.wait(Math.max(longestMs, whyAfter.dueInMs) + MARGIN_MS, signal)
  if (signal.aborted) return checks
  const third = after.status === 204 ? await claim() : after
  const { claim_attempts: attempt } = membersOf(third)
  check(
    'it is not handed out a third time, even when a backoff would be over',
    third.status === 204,
    third.status === 200 ? `handed out, as attempt ${attempt}` : nameOf(third),
  )
  if (third.status === 200) await failOnce(client, third, 3)
  checks.push(await deadLetter(client, id))
  return checks
}

const told = (reply: Reply, { name, dueInMs }: Status): string =>
  `${nameOf(reply)}, because it is ${name}${dueInMs > 0 ? ` for ${(dueInMs / 1000).toFixed(1)} s` : ''}`

async function deadLetter(client: BusClient, id: string): Promise<Check> {
  const what = 'its dead letter is there, and counts two attempts'
  if (!client.isAdmin) return { what, ok: null, saw: 'not looked at: there is no admin token' }
  const letter = await client.sendAsAdmin('GET', `/admin/dead/${id}`)
  const { attempts: counted, reason } = membersOf(letter)
  if (letter.status !== 200) return { what, ok: false, saw: nameOf(letter) }
  return { what, ok: counted === MAX_ATTEMPTS, saw: `${counted} attempts: ${reason}` }
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
  time: BusTime,
  afterMs: number,
  signal: AbortSignal,
): Promise<Reply> {
  await time.wait(afterMs, signal)
  const giveUpAt = time.now() + LATE_MS
  for (;;) {
    const reply = await claim()
    if (reply.status !== 204 || signal.aborted || time.now() > giveUpAt) return reply
    await time.wait(ASK_EVERY_MS, signal)
  }
}
