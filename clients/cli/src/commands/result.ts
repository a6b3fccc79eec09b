import type { Result } from '@intent-bus/client/index'
import { EXIT } from '../exit-codes.ts'
import { wholeIds } from '../ids.ts'
import { secondsIn } from '../input.ts'
import { COMMAND } from '../invocation.ts'
import { type Output, plain, shownText, span } from '../output.ts'
import { connect, type Program } from '../program.ts'
import { statusText } from './status.ts'

export function addResult(program: Program): void {
  program
    .command('result')
    .summary('print the result of an intent')
    .description(
      'Prints the result on stdout, as JSON or as the text it is. Ends with 1 if the intent is dead, and with 7 if it has not ended.',
    )
    .argument('<id>', 'as publish prints it, or as a list shows it')
    .option('--wait [time]', 'wait until it has ended (60 s)', secondsIn({ least: 0 }))
    .action(async (given, options, command) => {
      const session = connect(command.optsWithGlobals())
      const [id] = await wholeIds(session, [given])
      const wait = options.wait === true ? 60 : (options.wait ?? 0)
      sayResult(await session.bus.result(id!, { wait }), session.output, wait)
    })
}

/** The result alone goes to stdout, so that it can be piped on; anything else about it to stderr. */
export function sayResult(result: Result, output: Output, waited: number): void {
  if (result.status === 'fulfilled') {
    output.say(result, () => resultText(result))
    return
  }
  if (output.json) output.say(result, '')
  if (result.status === 'dead') {
    const { claimAttempts: attempts, lastError } = result
    output.complain(
      `It is dead after ${attempts} attempt${attempts === 1 ? '' : 's'}: ${plain(lastError ?? 'unknown')}`,
    )
    process.exitCode = EXIT.failed
    return
  }
  output.complain(
    `${statusText(result)}\n\nIt has not ended${waited > 0 ? ` within ${span(waited)}` : ''}. To wait for it:\n${COMMAND} result ${result.id} --wait 60`,
  )
  process.exitCode = EXIT.notYet
}

function resultText({ result, resultType }: Result): string {
  if (result === undefined) return ''
  // What a worker sends must not control the terminal.
  return shownText(resultType === 'text' ? (result as string) : JSON.stringify(result, null, 2))
}
