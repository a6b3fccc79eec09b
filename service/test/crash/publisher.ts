import { setTimeout as sleep } from 'node:timers/promises'
import { type Call, call, signed } from './client.ts'
import type { Random } from './random.ts'
import type { Recorder } from './recorder.ts'

type Done = { body: Body; key: string; id: string; life: number; signedCall: Call | null }
type Body = { goal: string; payload: { work: string; padding: string }; [field: string]: unknown }

const KEPT = 200

/**
 * Publishes without end, most with an idempotency key, and comes back after a crash: with the key of a request whose
 * answer it never saw, with keys and nonces that were accepted in an earlier life, with an accepted key on another body.
 */
export async function publisher(name: string, recorder: Recorder, random: Random): Promise<void> {
  const done: Done[] = []
  let serial = 0
  while (!recorder.over) {
    const earlier = done.filter(publish => publish.life < recorder.life)
    if (earlier.length > 0 && random.chance(0.25)) await comeBack(random.pick(earlier), recorder, random)
    else {
      serial += 1
      const work = `${name}-${serial}`
      const published = await publishNew(
        newBody(work, random),
        random.chance(0.8) ? work : null,
        recorder,
        random,
      )
      if (published !== null) done.push(published)
      if (done.length > KEPT) done.splice(random.between(0, KEPT - 1), 1)
    }
    await sleep(random.between(0, 8))
  }
}

function newBody(work: string, random: Random): Body {
  return {
    goal: 'crash',
    payload: { work, padding: 'x'.repeat(random.between(0, 2000)) },
    priority: random.between(0, 3) * 100,
    max_attempts: random.between(1, 3),
    backoff_base: 1,
    delay: random.chance(0.1) ? 1 : 0,
  }
}

/** With a key it asks until it knows; without one, asking again would be another publish. */
async function publishNew(
  body: Body,
  key: string | null,
  recorder: Recorder,
  random: Random,
): Promise<Done | null> {
  const payload = JSON.stringify(body.payload)
  for (;;) {
    const plain = call('/intent', body, key === null ? {} : { 'idempotency-key': key })
    const sent = random.chance(0.5) ? signed(plain) : plain
    const { answer, span } = await recorder.send(sent)
    const outcome = recorder.outcome(sent, answer)
    const id = outcome === 'ok' ? (JSON.parse(answer!.text).id as string) : null
    recorder.seen.push({ kind: 'publish', key, payload, outcome, id, ...span })
    if (id !== null && key !== null) {
      return { body, key, id, life: recorder.life, signedCall: sent === plain ? null : sent }
    }
    if (key === null || outcome !== 'unknown' || recorder.over) return null
  }
}

async function comeBack(earlier: Done, recorder: Recorder, random: Random): Promise<void> {
  const { body, key, signedCall } = earlier
  const headers = { 'idempotency-key': key }
  const what = random.pick(signedCall === null ? ['again', 'conflict'] : ['again', 'conflict', 'replay'])
  if (what === 'replay') {
    const { answer, span } = await recorder.send(signedCall!)
    if (answer !== null) recorder.seen.push({ kind: 'replay', accepted: answer.status !== 403, ...span })
  } else if (what === 'conflict') {
    const other = call('/intent', { ...body, payload: { ...body.payload, work: 'another' } }, headers)
    const { answer, span } = await recorder.send(other)
    if (answer !== null) recorder.seen.push({ kind: 'conflict', accepted: answer.status !== 422, ...span })
  } else {
    const same = call('/intent', body, headers)
    const { answer, span } = await recorder.send(same)
    const outcome = recorder.outcome(same, answer)
    const id = outcome === 'ok' ? (JSON.parse(answer!.text).id as string) : null
    const payload = JSON.stringify(body.payload)
    recorder.seen.push({ kind: 'publish', key, payload, outcome, id, ...span })
  }
}
