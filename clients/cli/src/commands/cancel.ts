import { checkId } from '../input.ts'
import { connect, type Program } from '../program.ts'

export function addCancel(program: Program): void {
  program
    .command('cancel')
    .summary('cancel intents in any state')
    .description(
      'Cancels intents in any state, at once: they are dead then, and `dead retry` opens them again. A worker that has one loses its lease. Needs the admin token.',
    )
    .argument('<ids...>')
    .action(async (ids, _options, command) => {
      const { bus, output } = connect(command.optsWithGlobals())
      ids.forEach(checkId)
      // One by one: what was cancelled before one that is not there has been said.
      for (const id of ids) output.say(await bus.admin.cancel(id), `${id} is dead`)
    })
}
