/**
 * What a worker says of its leases. A repeat of a report whose answer got lost finds its lease gone: was it the report
 * that ended it, or did it run out? The intent's status tells, for a fulfilment.
 */
import { BusError, LeaseLostError } from './errors.ts'
import { didNothing } from './retry.ts'
import type { Call, Persistence, Transport } from './transport.ts'
import { camel, type Lease, snake } from './wire.ts'

export type Path = '/fulfill' | '/fail' | '/extend_claim' | '/progress'

type Refused = { ok: false; id: string; error: { code: string; message: string } }
type Items<Accepted> = readonly (Accepted | Refused)[]

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
    if (doubt.raised && path === '/fulfill/' && (await isFulfilled(transport, lease.id))) return { ok: true }
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
    doubt.over({ method: 'POST', path, body: { items: items.map(snake) }, ...persistence }),
  )
  const settled = (answer.body as { items: object[] }).items.map(item => camel(item)) as Items<Accepted>
  if (!doubt.raised || path !== '/fulfill') return [...settled]
  return Promise.all(
    settled.map(async item => {
      if (item.ok || item.error.code !== 'not_found' || !(await isFulfilled(transport, item.id))) return item
      return { ok: true, id: item.id } as Accepted
    }),
  )
}

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

async function isFulfilled(transport: Transport, id: string): Promise<boolean> {
  try {
    const { body } = await transport.send({ method: 'GET', path: '/status/', param: id })
    return (body as { status: string }).status === 'fulfilled'
  } catch (error) {
    // Another one's by now.
    if (error instanceof BusError && (error.code === 'not_found' || error.code === 'forbidden')) return false
    throw error
  }
}
