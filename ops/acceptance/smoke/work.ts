/** Jobs of this run's own, in a namespace that nobody else works on. */
import { randomBytes } from 'node:crypto'
import { type Call, call, expectStatus, Fault, fieldsOf, type Reply } from './call.ts'
import type { Target } from './target.ts'

/** What gets lost on the way through a proxy or a careless parser, if anything does. */
const PAYLOAD = { text: 'Grüße, 漢字, 👋', whole: 1, none: null, list: [true, 'a/b?c=d&e'] }

export const ownNamespace = (): string => `smoke-${randomBytes(6).toString('hex')}`

export const isOfSmoke = (namespace: string): boolean => /^smoke-[0-9a-f]{12}$/.test(namespace)

export const withKey =
  ({ url, key }: Target) =>
  (path: string, options: Call = {}): Promise<Reply> =>
    call(url, path, { method: 'POST', ...options, headers: { 'x-api-key': key!, ...options.headers } })

type Ask = ReturnType<typeof withKey>

export async function publish(ask: Ask, namespace: string, headers = {}): Promise<string> {
  const reply = await ask('/intent', { body: { goal: 'smoke', namespace, payload: PAYLOAD }, headers })
  expectStatus(reply, 201, 'POST /intent')
  return `${fieldsOf(reply, 'POST /intent')['id']}`
}

/** Fulfils what a claim has brought. @throws {Fault} when it is not that intent, or not as it was sent */
export async function doIt(ask: Ask, claim: Reply, id: string): Promise<void> {
  expectStatus(claim, 200, 'POST /claim')
  const claimed = fieldsOf(claim, 'POST /claim')
  if (claimed['id'] !== id) throw new Fault(`POST /claim: it is ${id}; it was ${claimed['id']}`)
  const [sent, got] = [JSON.stringify(PAYLOAD), JSON.stringify(claimed['payload'])]
  if (got !== sent) throw new Fault(`the payload is what was published, ${sent}; it was ${got}`)
  const token = claimed['claim_token']
  const stranger = await ask(`/fulfill/${id}`, { body: { claim_token: '0'.repeat(32), result: 1 } })
  expectStatus(stranger, 404, 'POST /fulfill with a token that is not the claim’s')
  const fulfilled = await ask(`/fulfill/${id}`, {
    body: { claim_token: token, result: { done: PAYLOAD.text } },
  })
  expectStatus(fulfilled, 200, 'POST /fulfill')
  const again = await ask(`/fulfill/${id}`, { body: { claim_token: token, result: 2 } })
  expectStatus(again, 404, 'POST /fulfill for the second time')
}

export async function workIsDone(target: Target): Promise<string> {
  const ask = withKey(target)
  const namespace = ownNamespace()
  const idempotency = { 'idempotency-key': namespace }
  const id = await publish(ask, namespace, idempotency)
  const second = await publish(ask, namespace, idempotency)
  if (second !== id) throw new Fault(`the same Idempotency-Key published twice: ${id} and ${second}`)
  await doIt(ask, await ask(`/claim?namespace=${namespace}&goal=smoke`), id)
  const { result, status } = fieldsOf(await ask(`/result/${id}`, { method: 'GET' }), 'GET /result')
  const told = (result as { done?: unknown } | undefined)?.done
  if (status !== 'fulfilled' || told !== PAYLOAD.text) {
    throw new Fault(
      `GET /result: fulfilled, with what the worker said; it was ${status}, ${JSON.stringify(result)}`,
    )
  }
  expectStatus(await ask(`/claim?namespace=${namespace}`), 204, 'POST /claim when nothing is left')
  return id
}

/** A proxy that buffers, or gives up early, breaks this first. */
export async function workIsWaitedFor(target: Target): Promise<string> {
  const ask = withKey(target)
  const namespace = ownNamespace()
  const waiting = ask(`/claim?namespace=${namespace}&wait=30`, { withinMs: 40_000 })
  // It is not to be left unheard, should the publishing fail.
  waiting.catch(() => undefined)
  // The claim comes first; should it not, it finds the intent all the same.
  await new Promise(resolve => setTimeout(resolve, 500))
  const id = await publish(ask, namespace)
  await doIt(ask, await waiting, id)
  return ''
}
