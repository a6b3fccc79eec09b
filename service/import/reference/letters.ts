import type { AdoptedIntent } from '../../store/sqlite/adoption.ts'
import { idOf, msOf, textOf, Unfit, wholeOf } from './cells.ts'
import { deathOf, LEFT_OUT, payloadOf, routeOf, type Surroundings, type Taken } from './intents.ts'
import type { Row } from './source.ts'

const NO_INTENT =
  'its intent was deleted when it expired: priority, attempts, backoff and routing are the defaults now'

/**
 * A dead letter whose intent is gone (7.61 deletes an intent that nobody claimed in time, and keeps its letter): a dead
 * intent is made of it, so that it can be looked at and retried like any other.
 *
 * @throws {Unfit} it cannot be taken
 */
export function intentOfLetter(row: Row, around: Surroundings): Taken {
  const changes: string[] = [NO_INTENT]
  const id = idOf(row['intent_id'])
  const diedAt = msOf(row['created_at'])
  if (diedAt === null) throw new Unfit('created_at is no time')
  if (diedAt + around.keepDeadMs <= around.now) throw new Unfit(LEFT_OUT.dead)
  const said = textOf(row['reason'])
  const death = deathOf(said)
  const attempts = wholeOf(row['attempts'], 0, Number.MAX_SAFE_INTEGER, 0)
  const intent: AdoptedIntent = {
    id,
    route: routeOf(row, around, changes),
    payload: payloadOf(row['payload'], changes),
    priority: 100,
    attempts,
    maxAttempts: 3,
    backoffMs: 5000,
    createdAt: diedAt,
    runAt: diedAt,
    expiresAt: diedAt,
    lastError: death.cause === 'expired' ? death.reason : said,
    claimer: null,
    state: 'dead',
    diedAt,
    ...death,
  }
  return { intent, changes }
}
