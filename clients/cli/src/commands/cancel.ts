import { wholeIds } from '../ids.ts'
import { connect, type Program } from '../program.ts'
import { MINE, reachOf } from '../reach.ts'

export function addCancel(program: Program): void {
  program
    .command('cancel')
    .summary('cancel intents in any state')
    .description(
      'Cancels intents in any state, at once: they are dead then, and `retry` opens them again. A worker that has one loses its lease. A key cancels what it published, an admin token anything.',
    )
    .argument('<ids...>', 'as publish prints them, or as lists show them')
    .option(...MINE)
    .action(async (ids, { mine }, command) => {
      const session = connect(command.optsWithGlobals())
      const reach = reachOf(session, mine)
      // One by one: what was cancelled before one that is not there has been said.
      for (const id of await wholeIds(session, ids, mine))
        session.output.say(await reach.cancel(id), `${id} is dead`)
    })
}
