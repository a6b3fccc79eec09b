import { type BusClient, membersOf } from '../bus/bus-client.ts'
import { type Job, newJob } from '../history.ts'
import { GOAL, pause, type Run, stayAwayMs } from './load-run.ts'

/** How long one publish is tried for without an answer that counts, in ms. */
const TRY_FOR_MS = 120_000

/** Publishes every job, each under a key of its own, so that a second try after a lost answer is no second job. */
export function publishAll(run: Run, client: BusClient): Promise<unknown> {
  return run.spec.rate === null ? closedLoop(run, client) : openLoop(run, client, run.spec.rate)
}

function closedLoop(run: Run, client: BusClient): Promise<unknown> {
  const { publishers, jobs } = run.spec.profile
  return Promise.all(
    Array.from({ length: publishers }, async () => {
      while (run.jobs.length < jobs && !run.over.aborted) await publish(run, client, performance.now())
    }),
  )
}

/**
 * By a timetable that does not wait for the bus: the latency of a job counts from when it should have gone, so a bus
 * that stands still for a second shows in every job of that second, and not in one (coordinated omission).
 */
async function openLoop(run: Run, client: BusClient, rate: number): Promise<unknown> {
  const startedAt = performance.now()
  const sent: Promise<void>[] = []
  while (sent.length < run.spec.profile.jobs && !run.over.aborted) {
    const dueAt = startedAt + (sent.length * 1000) / rate
    if (dueAt <= performance.now()) sent.push(publish(run, client, dueAt))
    else await pause(run, Math.max(1, dueAt - performance.now()))
  }
  return Promise.all(sent)
}

async function publish(run: Run, client: BusClient, intendedAt: number): Promise<void> {
  const job: Job = newJob(run.jobs.length, intendedAt)
  run.jobs.push(job)
  const call = {
    path: '/intent',
    body: {
      goal: GOAL,
      namespace: run.spec.namespace,
      payload: { run: run.run, n: job.n, padding: run.padding },
      max_attempts: 20,
    },
    headers: { 'idempotency-key': `${run.run}-${job.n}` },
  }
  for (let tries = 1; !run.over.aborted; tries += 1) {
    const reply = await client.send(call)
    if (reply.status === 201 || reply.status === 200) {
      job.ids.push(`${membersOf(reply)['id']}`)
      job.publishedAt = reply.answeredAt
      run.counts.published += 1
      run.lastProgressAt = reply.answeredAt
      run.latencies.publish.record(reply.answeredAt - intendedAt)
      return
    }
    run.counts.refusal('publish', reply)
    const isWorthARetry = reply.status === 0 || reply.status === 429 || reply.status >= 500
    if (!isWorthARetry || performance.now() - intendedAt > TRY_FOR_MS) return
    await pause(run, stayAwayMs(reply.retryAfter, tries))
  }
}
