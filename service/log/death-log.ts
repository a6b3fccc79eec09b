import type { Died, Observer } from '../broker/observer.ts'
import type { Clock } from '../clock.ts'

/** Deaths of one transaction that have a line each; of more there is one line for all of them. */
const LINES_EACH = 3
/** Ids that such a line names. */
const IDS_NAMED = 10
/** Lines in a second. Whoever publishes may also fail, and could fill the disk with them; what is left out is counted. */
const MOST_LINES = 10
const SECOND_MS = 1000

type Log = { info(fields: object, line: string): void }

/** Says in the log what became a dead letter, beside what else listens. Never its reason: a worker may say anything in it. */
export function withDeathLog(observer: Observer, log: Log, clock: Clock): Observer {
  let lines = 0
  let unsaid = 0

  function endSecond(): void {
    if (unsaid > 0) log.info({ count: unsaid }, 'more dead letters, too many to name')
    lines = 0
    unsaid = 0
  }

  function say(fields: object, line: string, letters: number): void {
    if (lines === 0) clock.after(SECOND_MS, endSecond)
    lines += 1
    if (lines > MOST_LINES) unsaid += letters
    else log.info(fields, line)
  }

  return {
    ...observer,
    died(deaths: readonly Died[]) {
      observer.died(deaths)
      if (deaths.length > LINES_EACH) {
        const causes: Record<string, number> = {}
        for (const { cause } of deaths) causes[cause] = (causes[cause] ?? 0) + 1
        const intents = deaths.slice(0, IDS_NAMED).map(({ id }) => id)
        say({ count: deaths.length, causes, intents }, 'dead letters', deaths.length)
        return
      }
      for (const { id, namespace, cause } of deaths) say({ intent: id, namespace, cause }, 'dead letter', 1)
    },
  }
}
