import { toldOf } from '../failure.ts'
import { shortId } from '../ids.ts'
import { plain } from '../output.ts'
import type { Session } from '../program.ts'
import { reachOf } from '../reach.ts'
import { whoMayTake } from '../who.ts'

/** How many are told of. */
const MOST = 3

/**
 * What is due with this goal, in any namespace, as far as this key or admin may see it. It takes nothing, so a worker that got none
 * of them was not meant, or came too late.
 *
 * @returns a line for each of the newest: whose it is, and who may take it
 */
export async function unclaimed(session: Session, goal: string): Promise<string[]> {
  const lines: string[] = []
  try {
    for await (const intent of reachOf(session).intents({ goal, status: 'ready' })) {
      if (lines.length === MOST) return [...lines, '…']
      const publisher = plain(intent.publisher)
      lines.push(`${shortId(intent.id)}, published by ${publisher}, is for ${whoMayTake(intent)}.`)
    }
  } catch (error) {
    // It was asked for by the way: an older bus, or one that has gone, does not change what became of the work.
    if (toldOf(error) === null) throw error
  }
  return lines
}
