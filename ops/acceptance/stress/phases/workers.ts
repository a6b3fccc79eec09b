import { type BusClient, membersOf, type Reply } from '../bus/bus-client.ts'
import type { Job } from '../history.ts'
import { GOAL, pause, type Run, stayAwayMs } from './load-run.ts'

const USUAL_LEASE_S = 60
const SHORTEST_LEASE_S = 10

type Held = { job: Job; id: string; token: string }

/** Where a 204 does not say when to come back. */
const IDLE_MS = 1000
const SETTLE_TRIES = 8

/** One worker: claims, works, settles, until the run is over. What it was handed when it ends it still settles. */
export async function work(run: Run, client: BusClient, number: number): Promise<void> {
  const { namespace, batch, waitS, workMs } = run.spec
  const query: Record<string, string> = { goal: GOAL, namespace }
  if (batch > 1) query['max'] = `${batch}`
  if (waitS > 0) query['wait'] = `${waitS}`
  const call = {
    path: '/claim',
    query,
    headers: { 'x-worker-id': `stress-${number}` },
    // Only who waits long is worth hanging up on: an answer that is under way may hold an intent.
    ...(waitS > 0 ? { hangUp: run.over } : {}),
  }
  let tries = 0
  while (!run.over.aborted) {
    const reply = await client.send(call)
    if (reply.status === 200) {
      tries = 0
      const held = heldOf(run, reply, batch > 1)
      if (held.length > 0) run.latencies.claim.record(reply.answeredAt - reply.sentAt)
      if (workMs > 0) await pause(run, workMs)
      await settle(run, client, held)
    } else if (reply.status === 204) {
      tries = 0
      run.counts.empty += 1
      if (waitS === 0) await pause(run, reply.retryAfter === null ? IDLE_MS : reply.retryAfter * 1000)
    } else if (!run.over.aborted) {
      tries += 1
      run.counts.refusal('claim', reply)
      await pause(run, stayAwayMs(reply.retryAfter, tries))
    }
  }
}

/** Notes what was handed out. A job is known by its payload: an id could be anybody's. */
function heldOf(run: Run, reply: Reply, many: boolean): Held[] {
  const members = membersOf(reply)
  const claimed = (many ? (members['intents'] ?? []) : [members]) as Record<string, unknown>[]
  return claimed.flatMap(each => {
    run.counts.claimed += 1
    const payload = (each['payload'] ?? {}) as Record<string, unknown>
    const job = payload['run'] === run.run ? run.jobs[payload['n'] as number] : undefined
    const [id, token] = [`${each['id']}`, `${each['claim_token']}`]
    if (job === undefined) {
      run.strangers.push(id)
      return []
    }
    job.claims.push({
      id,
      token,
      attempt: Number(each['claim_attempts']),
      seconds: leaseOf(each['claim_timeout']),
      intact: payload['padding'] === run.padding,
      sentAt: reply.sentAt,
      answeredAt: reply.answeredAt,
    })
    return [{ job, id, token }]
  })
}

/** In seconds. One that is shorter than the protocol lets a lease be would excuse a bus that hands out a job twice. */
function leaseOf(said: unknown): number {
  const seconds = Number(said ?? USUAL_LEASE_S)
  return Number.isFinite(seconds) ? Math.max(SHORTEST_LEASE_S, seconds) : USUAL_LEASE_S
}

const resultOf = (job: Job) => ({ n: job.n })

async function settle(run: Run, client: BusClient, held: Held[]): Promise<void> {
  if (run.spec.batch === 1) {
    await Promise.all(
      held.map(each =>
        settleBy(run, client, [each], {
          path: `/fulfill/${each.id}`,
          body: { claim_token: each.token, result: resultOf(each.job) },
        }),
      ),
    )
  } else if (held.length > 0) {
    const items = held.map(({ id, token, job }) => ({ id, claim_token: token, result: resultOf(job) }))
    await settleBy(run, client, held, { path: '/fulfill', body: { items } })
  }
}

async function settleBy(
  run: Run,
  client: BusClient,
  held: Held[],
  call: { path: string; body: unknown },
): Promise<void> {
  let begunAt: number | null = null
  for (let tries = 1; tries <= SETTLE_TRIES; tries += 1) {
    const reply = await client.send(call)
    // What was refused and tried again took the worker as long as all of that.
    begunAt ??= reply.sentAt
    if (reply.status === 200) {
      run.latencies.settle.record(reply.answeredAt - begunAt)
      const { items } = membersOf(reply) as { items?: { ok: boolean }[] }
      for (const [i, { job }] of held.entries()) {
        if (items === undefined || items[i]?.ok === true) accept(run, job, reply)
        else run.counts.refusal('settle', { ...reply, status: 404, text: JSON.stringify(items[i]) })
      }
      return
    }
    run.counts.refusal('settle', reply)
    if (reply.lost !== null) for (const { job } of held) job.unsure.push(reply.sentAt)
    if (reply.lost === null && reply.status !== 429 && reply.status < 500) return
    // Not by the run's pause: what is held is worth an answer after its end too.
    await new Promise(resolve => setTimeout(resolve, stayAwayMs(reply.retryAfter, tries)))
  }
}

function accept(run: Run, job: Job, reply: Reply): void {
  job.accepted.push(reply.sentAt)
  run.counts.settled += 1
  run.lastProgressAt = reply.answeredAt
  // What the bus said before is over.
  job.status = null
  if (job.settledAt !== null) return
  job.settledAt = reply.answeredAt
  run.latencies['end to end'].record(reply.answeredAt - job.intendedAt)
}
