import { type BusClient, membersOf, nameOf } from '../bus/bus-client.ts'
import type { Job } from '../history.ts'
import type { Run } from './load.ts'

/** As many of the missing jobs are asked for. */
const ASKED = 40
/** An intent that is open and due goes to the next who asks, and they ask each second. */
const OVERDUE_MS = 12_000
/** A lease and the longest backoff that follows it, with room. */
const PATIENCE_MS = 200_000

/**
 * Looks where the jobs are that are published and not settled. Whether to wait for them is not a matter of patience
 * alone: a lease that is held by nobody ends, and then there is a backoff; a job that the bus does not know will not come.
 *
 * @returns why there is nothing left to wait for, or `null`
 */
export async function stuck(client: BusClient, left: readonly Job[], run: Run): Promise<string | null> {
  const asked = left.slice(0, ASKED)
  for (const job of asked) {
    if (run.over.aborted) return null
    job.status = await statusOf(client, job)
    // Settled, then, by the one whose answer was lost.
    if (job.status === 'fulfilled') job.settledAt ??= job.unsure[0] ?? null
  }
  const quietMs = performance.now() - run.lastProgressAt
  const said = [...new Set(asked.map(({ status }) => status ?? 'nothing'))].join(', ')
  const unsettled = asked.filter(job => job.settledAt === null)
  if (unsettled.length === 0) return null
  const isFinal = unsettled.every(({ status }) => status !== null && !/^(open|claimed|lost)/.test(status))
  if (isFinal) return `${left.length} are not settled, and the bus says: ${said}`
  const isOverdue = unsettled.every(({ status }) => status === 'open, due' || isEnd(status))
  if (isOverdue && quietMs > OVERDUE_MS) return `${left.length} are open, and not handed out to those who ask`
  return quietMs > PATIENCE_MS
    ? `nothing moved for ${Math.round(quietMs / 1000)} s; the bus says: ${said}`
    : null
}

const isEnd = (status: string | null): boolean => status !== null && !/^(open|claimed|lost)/.test(status)

/** What the bus says about a job: a state of the protocol, with `open` split in two; or how it refuses to say. */
export async function statusOf(client: BusClient, job: Job): Promise<string> {
  const reply = await client.send({ method: 'GET', path: `/status/${job.ids[0] ?? job.claims[0]?.id}` })
  if (reply.status !== 200) return nameOf(reply)
  const { status, run_at: runAt } = membersOf(reply)
  if (status !== 'open') return `${status}`
  return Number(runAt) * 1000 > Date.now() + 1000 ? 'open, in backoff' : 'open, due'
}
