/** Which dead letters are meant. */
import type { DeadLetter, DeadLetterFilter, IntentBus } from '@intent-bus/client/index'

export type Which = {
  goal?: string | undefined
  reason?: string | undefined
  /** Seconds, as `olderThan`. */
  since?: number | undefined
  olderThan?: number | undefined
}

/** @param now what times are counted back from @returns the newest first */
export async function matching(
  bus: IntentBus,
  { goal, reason, since, olderThan }: Which,
  namespace: string | undefined,
  now: number,
  limit = Number.POSITIVE_INFINITY,
): Promise<DeadLetter[]> {
  const after = since === undefined ? undefined : Math.max(0, now - since)
  const before = olderThan === undefined ? Number.POSITIVE_INFINITY : now - olderThan
  const letters: DeadLetter[] = []
  for await (const letter of bus.admin.deadLetters(filterOf({ goal, reason, namespace, since: after }))) {
    if (letters.length === limit) break
    if (letter.createdAt <= before) letters.push(letter)
  }
  return letters
}

export const filterOf = (asked: object): DeadLetterFilter =>
  Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined))
