import { setTimeout as sleep } from 'node:timers/promises'
import type { DeadLetter } from '@intent-bus/client/index'
import { Failure } from '../failure.ts'
import type { Session } from '../program.ts'
import { adminNow } from '../reach.ts'
import { filterOf, type Which } from './search.ts'
import { letterLine } from './shown.ts'

const LOOK_EVERY_MS = 2000
/** Each look begins a little before the last letter: more may have died in its millisecond. */
const OVERLAP_S = 0.002

/** Prints dead letters as they come, the oldest first, until a signal ends it. */
export async function followed(
  session: Session,
  { goal, reason, since = 0, olderThan }: Which,
): Promise<never> {
  if (olderThan !== undefined) throw new Failure('--older-than does not go with --follow.')
  const { bus, output } = session
  const { namespace } = session.settings
  let from = Math.max(0, (await adminNow(bus)) - since)
  let told: DeadLetter[] = []
  const isTold = (letter: DeadLetter) =>
    // One that was retried and died again is another letter.
    told.some(({ intentId, createdAt }) => intentId === letter.intentId && createdAt === letter.createdAt)
  for (;;) {
    const letters: DeadLetter[] = []
    for await (const letter of bus.admin.deadLetters(filterOf({ goal, reason, namespace, since: from })))
      if (!isTold(letter)) letters.push(letter)
    for (const letter of letters.toReversed())
      output.say(letter, () => letterLine(letter, namespace ?? 'default'))
    from = Math.max(from, (letters[0]?.createdAt ?? 0) - OVERLAP_S)
    told = [...told, ...letters].filter(({ createdAt }) => createdAt >= from)
    await sleep(LOOK_EVERY_MS)
  }
}
