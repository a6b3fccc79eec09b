import type { BusClient } from '../bus/bus-client.ts'
import type { Job } from '../history.ts'
import type { Run } from './load-run.ts'
import { statusOf } from './status.ts'

/** As many of the missing jobs are asked for. */
const ASKED = 40
/** An intent that is open and due goes to the next who asks. So many quiet times may pass until it does. */
const OVERDUE = 4
/** A lease and the longest backoff that follows it, with room. */
const PATIENCE_MS = 200_000
/** `run_at` may be in whole seconds. */
const SLACK_MS = 1000

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
    const status = await whereIs(client, job, run)
    // It may have been settled meanwhile, and then this was before.
    if (job.settledAt !== null) continue
    job.status = status
    // Settled, then, by one whose answer was lost. Which of them nobody knows: the last is the one that does not flatter.
    const settledAt = job.unsure.at(-1)
    if (job.status !== 'fulfilled' || settledAt === undefined) continue
    job.settledAt = settledAt
    run.latencies['end to end'].record(settledAt - job.intendedAt)
  }
  const missing = asked.filter(job => job.settledAt === null).map(({ status }) => status ?? 'nothing')
  if (missing.length === 0) return null
  const quietMs = performance.now() - run.lastProgressAt
  const said = [...new Set(missing)].join(', ')
  if (missing.every(isTheEnd)) return `${left.length} are not settled, and the bus says: ${said}`
  const isOverdue = missing.every(status => status === 'open, due' || isTheEnd(status))
  if (isOverdue && quietMs > OVERDUE * run.spec.quietMs) {
    return `${left.length} are open, and not handed out to those who ask`
  }
  return quietMs > PATIENCE_MS
    ? `nothing moved for ${Math.round(quietMs / 1000)} s; the bus says: ${said}`
    : null
}

const isTheEnd = (status: string): boolean => !/^(open|claimed|lost|429|5)/.test(status)

/** What the bus says about a job. */
export async function whereIs(client: BusClient, job: Job, { spec }: Run): Promise<string> {
  const id = job.ids[0] ?? job.claims[0]?.id ?? ''
  return (await statusOf(client, id, spec.time, SLACK_MS)).name
}
