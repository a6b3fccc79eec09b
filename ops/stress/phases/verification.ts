import { type BusClient, membersOf, nameOf } from '../bus/bus-client.ts'
import type { Run } from './load.ts'
import { whereIs } from './whereabouts.ts'

/** As many settled jobs are looked up, spread over the run; every one that is odd is looked up besides. */
const SAMPLE = 200
const AT_ONCE = 8

/** Asks the bus itself, afterwards: how it sees the jobs it took, and whether there is anything left to hand out. */
export async function verify(run: Run, client: BusClient): Promise<{ leftOver: string | null }> {
  const step = Math.max(1, Math.ceil(run.jobs.length / SAMPLE))
  const asked = run.jobs.filter(
    (job, i) =>
      (i % step === 0 || (job.settledAt === null && i < 10 * SAMPLE)) &&
      job.ids.length + job.claims.length > 0,
  )
  const next = asked.values()
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const job of next) job.status = await whereIs(client, job, run)
    }),
  )
  const isAllSettled = run.jobs.every(job => job.publishedAt === null || job.settledAt !== null)
  if (!isAllSettled) return { leftOver: null }
  // With no goal: whatever there is in the namespace.
  const reply = await client.send({ path: '/claim', query: { namespace: run.spec.namespace } })
  if (reply.status === 204) return { leftOver: null }
  return { leftOver: reply.status === 200 ? `${membersOf(reply)['id']}` : nameOf(reply) }
}
