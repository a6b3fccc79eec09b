import { moveEach } from '../move-each.ts'
import { connect, type Program } from '../program.ts'
import { MINE } from '../reach.ts'

export function addRetry(program: Program): void {
  program
    .command('retry')
    .summary('open dead or fulfilled intents again')
    .description(
      'Opens dead or fulfilled intents again, with all their attempts; their results go. A key opens what it published, an admin token anything; `dead retry` many by filter. Ends with 5 for an intent that is open or claimed.',
    )
    .argument('<ids...>', 'as publish prints them, or as lists show them')
    .option(...MINE)
    .action((ids, { mine }, command) =>
      moveEach(connect(command.optsWithGlobals()), 'retry', ids, mine, 'open'),
    )
}
