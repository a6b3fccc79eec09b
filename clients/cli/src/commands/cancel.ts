import { moveEach } from '../move-each.ts'
import { connect, type Program } from '../program.ts'
import { MINE } from '../reach.ts'

export function addCancel(program: Program): void {
  program
    .command('cancel')
    .summary('cancel intents in any state')
    .description(
      'Cancels intents in any state, at once: they are dead then, and `retry` opens them again. A worker that has one loses its lease. A key cancels what it published, an admin token anything.',
    )
    .argument('<ids...>', 'as publish prints them, or as lists show them')
    .option(...MINE)
    .action((ids, { mine }, command) =>
      moveEach(connect(command.optsWithGlobals()), 'cancel', ids, mine, 'dead'),
    )
}
