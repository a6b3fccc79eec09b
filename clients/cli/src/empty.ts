/**
 * An empty argument is mostly a variable of the shell that is not set: `work "$QUEUE"` would take the jobs of every goal,
 * `--target-worker "$PI"` let any worker have it.
 */
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { EXIT } from './exit-codes.ts'
import { Failure } from './failure.ts'

/** What may well be empty: a text that is kept or sent, a note that is taken away, and the arguments of a program. */
const MAY_BE_EMPTY = [
  ...['publish payload', 'kv set value', 'work command'],
  ...['keys create --note', 'keys change --note', 'maintenance on --note'],
]

/** @param name as help shows it */
export const emptyArgument = (name: string, wayOut?: string): Failure =>
  new Failure(`${name} is empty. Is a variable not set?`, EXIT.usage, wayOut)

/** @param path the words that name the command @throws {Failure} at the first argument or option that is empty */
export function refuseEmpty(command: CommandUnknownOpts, path: readonly string[]): void {
  const refuse = (name: string, value: unknown) => {
    const isEmpty = (text: unknown) => typeof text === 'string' && text.trim() === ''
    if (![value].flat().some(isEmpty) || MAY_BE_EMPTY.includes([...path, name].join(' '))) return
    throw emptyArgument(name.startsWith('-') ? name : name.toUpperCase())
  }
  command.registeredArguments.forEach((argument, i) => {
    refuse(argument.name(), argument.variadic ? command.args.slice(i) : command.args[i])
  })
  for (let owner: CommandUnknownOpts | null = command; owner !== null; owner = owner.parent) {
    for (const option of owner.options) {
      if (owner.getOptionValueSource(option.attributeName()) === 'cli')
        refuse(option.long ?? option.flags, owner.getOptionValue(option.attributeName()))
    }
  }
}
