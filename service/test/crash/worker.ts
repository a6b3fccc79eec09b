import { setTimeout as sleep } from 'node:timers/promises'
import { type Call, call, signed } from './client.ts'
import type { Random } from './random.ts'
import type { Recorder } from './recorder.ts'

type Lease = { id: string; token: string }

/**
 * Claims without end. Mostly it fulfils; it also fails, extends first, settles twice, walks away from a lease, and
 * comes back to one much later. A settle whose answer it never saw it sends again in the bus's next life.
 */
export async function worker(name: string, recorder: Recorder, random: Random): Promise<void> {
  const abandoned: Lease[] = []
  while (!recorder.over) {
    if (abandoned.length > 3) await settle('fulfil', abandoned.shift()!, recorder, random)
    const lease = await claim(name, recorder, random)
    if (lease === null) {
      await sleep(random.between(5, 30))
      continue
    }
    const fate = random.next()
    if (fate < 0.65) await settle('fulfil', lease, recorder, random)
    else if (fate < 0.8) await settle('fail', lease, recorder, random)
    else if (fate < 0.9) {
      await settle('extend', lease, recorder, random)
      await settle(random.pick(['fulfil', 'fail']), lease, recorder, random)
    } else if (fate < 0.95) {
      await settle(random.pick(['fulfil', 'fail']), lease, recorder, random)
      await settle(random.pick(['fulfil', 'fail']), lease, recorder, random)
    } else abandoned.push(lease)
  }
}

async function claim(name: string, recorder: Recorder, random: Random): Promise<Lease | null> {
  const asked = mayBeSigned(call(`/claim?worker_id=${name}`), random)
  const { answer, span } = await recorder.send(asked)
  if (answer === null || answer.status === 204) return null
  if (recorder.outcome(asked, answer) !== 'ok') return null
  const { id, claim_token: token, claim_attempts: attempts, payload } = JSON.parse(answer.text)
  recorder.seen.push({ kind: 'claim', id, token, attempts, payload: JSON.stringify(payload), ...span })
  return { id, token }
}

const PATH = { fulfil: '/fulfill/', fail: '/fail/', extend: '/extend_claim/' } as const

async function settle(
  kind: keyof typeof PATH,
  { id, token }: Lease,
  recorder: Recorder,
  random: Random,
): Promise<void> {
  const fields = { fulfil: { result: { done: id } }, fail: { error: 'it broke' }, extend: { seconds: 10 } }
  for (;;) {
    const sent = mayBeSigned(call(PATH[kind] + id, { claim_token: token, ...fields[kind] }), random)
    const { answer, span } = await recorder.send(sent)
    const outcome = recorder.outcome(sent, answer, [404])
    recorder.seen.push({ kind, id, token, outcome, ...span })
    if (outcome !== 'unknown' || recorder.over) return
  }
}

const mayBeSigned = (plain: Call, random: Random): Call => (random.chance(0.3) ? signed(plain) : plain)
