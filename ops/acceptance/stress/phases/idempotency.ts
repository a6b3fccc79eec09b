import { randomUUID } from 'node:crypto'
import { type BusClient, membersOf, nameOf, type Reply } from '../bus/bus-client.ts'
import type { Check } from './check.ts'

const GOAL = 'stress.once'

/**
 * Phase 1A: one idempotency key is one intent. It is published twice, then with another body, then again after a
 * restart; and in the end it is counted by claiming, because an answer is easily given twice while two rows lie below.
 *
 * @param restart `null` for a bus that the harness did not start
 */
export async function idempotency(
  client: BusClient,
  namespace: string,
  restart: (() => Promise<void>) | null,
  signal: AbortSignal,
): Promise<Check[]> {
  const key = `stress-${randomUUID()}`
  const publish = (payload: object) =>
    client.send({
      path: '/intent',
      body: { goal: GOAL, namespace, payload },
      headers: { 'idempotency-key': key },
    })
  const checks: Check[] = []
  const check = (what: string, ok: boolean | null, saw: string) => checks.push({ what, ok, saw })

  const first = await publish({ n: 1 })
  const id = idOf(first)
  check('an intent is published under a key', id !== null, told(first))
  if (id === null) return checks

  const isFirst = (reply: Reply) => idOf(reply) === id
  const isRefused = (reply: Reply) => reply.status === 422
  const again = await publish({ n: 1 })
  check('the same key and body answer the same intent', isFirst(again), told(again))
  const other = await publish({ n: 2 })
  check('the same key with another body is refused (422)', isRefused(other), nameOf(other))

  if (restart === null) {
    const why = 'not looked at: the harness did not start this bus'
    check('both hold after a restart', null, why)
  } else if (!signal.aborted) {
    await restart()
    const later = await publish({ n: 1 })
    check('after a restart, the same key and body answer the same intent', isFirst(later), told(later))
    const laterOther = await publish({ n: 2 })
    check('after a restart, another body is refused (422)', isRefused(laterOther), nameOf(laterOther))
  }

  const claimed = await claimAll(client, namespace)
  check(
    'there is one intent to claim, and it is the first',
    claimed.length === 1 && claimed[0]!.id === id,
    claimed.length === 0 ? 'none was handed out' : `handed out: ${claimed.map(each => each.id).join(', ')}`,
  )
  for (const { id: held, token } of claimed) {
    await client.send({ path: `/fulfill/${held}`, body: { claim_token: token } })
  }
  const done = await publish({ n: 1 })
  check('after it is fulfilled, the same key and body still answer it', isFirst(done), told(done))
  const left = await claimAll(client, namespace)
  check('and no new one was made', left.length === 0, left.length === 0 ? '204' : `${left.length} more`)
  return checks
}

const idOf = (reply: Reply): string | null => {
  const { id } = membersOf(reply)
  return (reply.status === 201 || reply.status === 200) && typeof id === 'string' ? id : null
}

const told = (reply: Reply): string => {
  const id = idOf(reply)
  return id === null ? nameOf(reply) : `${reply.status} ${id}`
}

/** More than a few, and it is wrong anyway. */
const ENOUGH = 5

async function claimAll(client: BusClient, namespace: string): Promise<{ id: string; token: string }[]> {
  const claimed: { id: string; token: string }[] = []
  while (claimed.length < ENOUGH) {
    const reply = await client.send({ path: '/claim', query: { goal: GOAL, namespace } })
    if (reply.status !== 200) return claimed
    const { id, claim_token: token } = membersOf(reply)
    claimed.push({ id: `${id}`, token: `${token}` })
  }
  return claimed
}
