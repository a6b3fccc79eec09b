import { wholeIds } from './ids.ts'
import type { Session } from './program.ts'
import { reachOf } from './reach.ts'

/** One by one: what was moved before one that is not there has been said. @param state that they are in afterwards */
export async function moveEach(
  session: Session,
  move: 'cancel' | 'retry',
  ids: readonly string[],
  mine: boolean | undefined,
  state: string,
): Promise<void> {
  const reach = reachOf(session, mine)
  for (const id of await wholeIds(session, ids, mine)) {
    session.output.say(await reach[move](id), `${id} is ${state}`)
  }
}
