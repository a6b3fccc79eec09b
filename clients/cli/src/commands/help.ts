import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { EXIT } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { COMMAND } from '../invocation.ts'
import type { Program } from '../program.ts'

/** `intent-bus help dead retry`: Commander's own looks at the first word only. */
export function addHelp(program: Program): void {
  program
    .command('help')
    .summary('show help for a command')
    .description(`Shows help for a command: ${COMMAND} help dead retry.`)
    .argument('[command...]')
    .action(names => {
      let found = program as unknown as CommandUnknownOpts
      for (const name of names) {
        const next = found.commands.find(command => command.name() === name)
        if (next === undefined)
          throw new Failure(
            `There is no command "${names.join(' ')}".`,
            EXIT.usage,
            `${COMMAND} help shows what there is.`,
          )
        found = next
      }
      found.outputHelp()
    })
}
