import { EXIT } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { secondsIn, typed } from '../input.ts'
import { shownText } from '../output.ts'
import { connect, type Program } from '../program.ts'

export function addKv(program: Program): void {
  const kv = program
    .command('kv')
    .summary('small values that expire')
    .description('Small values that expire; each API key has its own.')

  kv.command('get')
    .description('Prints a value. Ends with 5 if there is none.')
    .argument('<key>')
    .action(async (key, _options, command) => {
      const { bus, output } = connect(command.optsWithGlobals())
      const value = await bus.get(key)
      if (value === null) throw new Failure(`There is no value "${key}", or its time is over.`, EXIT.notFound)
      output.say({ key, value }, () => shownText(value))
    })

  kv.command('set')
    .description(
      'Keeps a text. `-` reads it from stdin, `@FILE` from a file; with --text it is kept as it is.',
    )
    .argument('<key>')
    .argument('<value>')
    .option('--ttl <time>', 'how long it is kept: 1 s to 1 d (10 min)', secondsIn({ least: 1, most: 86_400 }))
    .option('--text', 'VALUE is the text itself, also if it begins with @ or is -')
    .action(async (key, value, { ttl, text }, command) => {
      const { bus, output } = connect(command.optsWithGlobals())
      await bus.set(key, text ? value : await typed(value), ttl === undefined ? {} : { ttl })
      output.say({ ok: true }, '')
    })
}
