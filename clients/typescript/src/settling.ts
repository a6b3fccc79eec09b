/**
 * What a worker says of its leases. A repeat of a report whose answer got lost finds its lease gone: was it the report
 * that ended it, or did it run out? The intent's status tells, for a fulfilment.
 */
import { BusError, IntentBusError, LeaseLostError } from './errors.ts'
import { didNothing } from './retry.ts'
import type { Call, Persistence, Transport } from './transport.ts'
import { camel, type Lease, type Refused, snake } from './wire.ts'

export type Path = '/fulfill' | '/fail' | '/extend_claim' | '/progress'

/** @throws {LeaseLostError} */
export async function settle(
  transport: Transport,
  path: `${Path}/`,
  lease: Lease,
  fields: object,
): Promise<Record<string, unknown>> {
  const body = { claim_token: lease.claimToken, ...fields }
  const doubt = new Doubt()
  try {
    const answer = await transport.send(doubt.over({ method: 'POST', path, param: lease.id, body }))
    return answer.body as Record<string, unknown>
  } catch (error) {
    if (!(error instanceof BusError) || error.code !== 'not_found') throw error
    if (doubt.raised && path === '/fulfill/' && (await isFulfilled(transport, lease))) return { ok: true }
    throw new LeaseLostError(error)
  }
}

/** @returns an answer per item, in order */
export async function settleMany<Accepted extends { ok: true; id: string }>(
  transport: Transport,
  path: Exclude<Path, '/progress'>,
  items: readonly Lease[],
  persistence: Persistence = {},
): Promise<(Accepted | Refused)[]> {
  if (items.length === 0) return []
  const doubt = new Doubt()
  const answer = await transport.send(
    doubt.over({ method: 'POST', path, body: { items: items.map(reported) }, ...persistence }),
  )
  const settled = (answer.body as { items: object[] }).items.map(item => camel(item)) as (
    | Accepted
    | Refused
  )[]
  if (!doubt.raised || path !== '/fulfill') return settled
  // One after the other: a hundred at once would be refused by the limit of a key.
  for (const [i, item] of settled.entries()) {
    if (item.ok || item.error.code !== 'not_found') continue
    try {
      if (await isFulfilled(transport, items[i]!, persistence))
        settled[i] = { ok: true, id: item.id } as Accepted
    } catch (error) {
      if (!(error instanceof IntentBusError) && !persistence.signal?.aborted) throw error
      // The others are settled all the same.
      settled[i] = { ...item, error: unknown(error) }
    }
  }
  return settled
}

const unknown = (error: unknown): Refused['error'] => ({
  code: error instanceof IntentBusError ? error.code : 'unreachable',
  message: error instanceof Error ? error.message : 'Nobody could be asked what became of it.',
})

/** What a claim has besides, its payload above all, is the bus's own. */
function reported({ id, claimToken, result, resultType, error, seconds }: Lease & Report): object {
  return snake({ id, claimToken, result, resultType, error, seconds })
}

type Report = { result?: unknown; resultType?: string; error?: string; seconds?: number }

/** Whether an earlier try may have been heard. */
class Doubt {
  raised = false

  over(call: Call): Call {
    return {
      ...call,
      onRetry: (error, delayMs) => {
        if (!didNothing(error)) this.raised = true
        call.onRetry?.(error, delayMs)
      },
    }
  }
}

/** Where the lease says which attempt it was, only that one counts: a later one has a result of its own. */
async function isFulfilled(
  transport: Transport,
  { id, claimAttempts }: Lease,
  { retries, signal, onRetry }: Persistence = {},
): Promise<boolean> {
  try {
    const call: Call = { method: 'GET', path: '/status/', param: id, signal, onRetry }
    const { body } = await transport.send(retries === undefined ? call : { ...call, retries })
    const { status, claim_attempts } = body as { status: string; claim_attempts: number }
    return status === 'fulfilled' && (claimAttempts ?? claim_attempts) === claim_attempts
  } catch (error) {
    // Another one's by now.
    if (error instanceof BusError && (error.code === 'not_found' || error.code === 'forbidden')) return false
    throw error
  }
}
