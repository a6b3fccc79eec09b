/**
 * `publish note --text "$MESSAGE"` with a message such as `--public` or `- milk`: what follows --text, and is the PAYLOAD, is
 * no option, whatever it begins with. Commander would take it for one, so it is moved behind a `--`, and GOAL with it.
 */
import type { CommandUnknownOpts } from '@commander-js/extra-typings'

/** @param argv as Node has it @returns the same, but for a text that looks like an option */
export function withTextAsWord(argv: readonly string[], program: CommandUnknownOpts): readonly string[] {
  const publish = program.commands.find(command => command.name() === 'publish')!
  const options = [...program.options, ...publish.options]
  const rest: string[] = []
  const words: string[] = []
  for (let i = 2; i < argv.length; i++) {
    const word = argv[i]!
    if (word === '--') {
      words.push(...argv.slice(i + 1))
      break
    }
    const isOption = word.startsWith('-') && word !== '-'
    if (!isOption) {
      words.push(word)
      if (words[0] !== 'publish') return argv
      continue
    }
    rest.push(word)
    // Two words are there: `publish` and GOAL. The next one is PAYLOAD.
    if (word === '--text' && words.length === 2 && i + 1 < argv.length) words.push(argv[++i]!)
    const option = options.find(({ long, short }) => word === long || word === short)
    if (option?.required) rest.push(...argv.slice(++i, i + 1))
    else if (option?.optional && argv[i + 1] !== undefined && !argv[i + 1]!.startsWith('-'))
      rest.push(argv[++i]!)
  }
  const [publishWord, ...others] = words
  if (publishWord !== 'publish' || !rest.includes('--text')) return argv
  return [...argv.slice(0, 2), publishWord, ...rest, '--', ...others]
}
