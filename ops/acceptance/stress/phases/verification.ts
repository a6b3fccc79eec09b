import { setTimeout as sleep } from 'node:timers/promises'
import { type BusClient, membersOf, type Reply } from '../bus/bus-client.ts'
import { type Run, stayAwayMs } from './load-run.ts'
import { whereIs } from './whereabouts.ts'

/** As many settled jobs are looked up, spread over the run; every one that is odd is looked up besides. */
const SAMPLE = 200
const AT_ONCE = 8
const TRIES = 4

/** What is left in the namespace: `nothing`, the id of what was handed out, or `null` when it could not be asked. */
export type LeftOver = string | null
export const NOTHING = 'nothing'

/** Asks the bus itself, afterwards: how it sees the jobs it took, and whether there is anything left to hand out. */
export async function verify(run: Run, client: BusClient): Promise<LeftOver> {
  const step = Math.max(1, Math.ceil(run.jobs.length / SAMPLE))
  const asked = run.jobs.filter(
    (job, i) =>
      (i % step === 0 || (job.settledAt === null && i < 10 * SAMPLE)) &&
      job.ids.length + job.claims.length > 0,
  )
  const next = asked.values()
  let isTooMuch = false
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const job of next) {
        // Who may ask sixty times a minute does not get through two hundred.
        if (isTooMuch) return
        const status = await whereIs(client, job, run)
        if (/^(lost|429|5\d\d)/.test(status)) isTooMuch = true
        else job.status = status
      }
    }),
  )
  const isAllSettled = run.jobs.every(job => job.publishedAt === null || job.settledAt !== null)
  return isAllSettled ? leftOver(run, client) : null
}

async function leftOver(run: Run, client: BusClient): Promise<LeftOver> {
  // With no goal: whatever there is in the namespace.
  const claim = () => client.send({ path: '/claim', query: { namespace: run.spec.namespace } })
  let reply: Reply = await claim()
  for (let tries = 1; reply.status !== 204 && reply.status !== 200 && tries < TRIES; tries += 1) {
    await sleep(stayAwayMs(reply.retryAfter, tries))
    reply = await claim()
  }
  if (reply.status === 204) return NOTHING
  return reply.status === 200 ? `${membersOf(reply)['id']}` : null
}
