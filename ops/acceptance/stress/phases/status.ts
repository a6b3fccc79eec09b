import { type BusClient, membersOf, nameOf } from '../bus/bus-client.ts'
import type { BusTime } from '../bus/bus-time.ts'

export type Status = {
  /** A state of the protocol, `open` split in two; or how the bus refuses to say, as `404 not_found`. */
  name: string
  /** When it is in backoff. */
  dueInMs: number
}

/** Asks the bus where an intent is. @param slackMs so late may a bus be that has only whole seconds to say it */
export async function statusOf(client: BusClient, id: string, time: BusTime, slackMs = 0): Promise<Status> {
  const reply = await client.send({ method: 'GET', path: `/status/${id}` })
  if (reply.status !== 200) return { name: nameOf(reply), dueInMs: 0 }
  const { status, run_at: runAt } = membersOf(reply)
  if (status !== 'open' || typeof runAt !== 'number') return { name: `${status}`, dueInMs: 0 }
  const dueInMs = runAt * 1000 - time.now()
  return dueInMs > slackMs ? { name: 'open, in backoff', dueInMs } : { name: 'open, due', dueInMs: 0 }
}
