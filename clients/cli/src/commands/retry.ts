import { wholeIds } from '../ids.ts'
import { connect, type Program } from '../program.ts'
import { MINE, reachOf } from '../reach.ts'

export function addRetry(program: Program): void {
  program
    .command('retry')
    .summary('open dead or fulfilled intents again')
    .description(
      'Opens dead or fulfilled intents again, with all their attempts; their results go. A key opens what it published, an admin token anything; `dead retry` many by filter. Ends with 5 for an intent that is open or claimed.',
    )
    .argument('<ids...>', 'as publish prints them, or as lists show them')
    .option(...MINE)
    .action(async (ids, { mine }, command) => {
      const session = connect(command.optsWithGlobals())
      const reach = reachOf(session, mine)
      for (const id of await wholeIds(session, ids, mine))
        session.output.say(await reach.retry(id), `${id} is open`)
    })
}
