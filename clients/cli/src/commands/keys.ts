import { EXIT } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { typed } from '../input.ts'
import { moment, plain, table } from '../output.ts'
import { connect, type Program } from '../program.ts'

export function addKeys(program: Program): void {
  const keys = program
    .command('keys')
    .summary('make, list and revoke API keys')
    .description('API keys. All of it needs the admin token.')

  keys
    .command('create')
    .description('Makes a key and prints it, this once.')
    .argument('<owner>', 'whose it is: a name for people')
    .action(async (owner, _options, command) => {
      const { bus, output } = connect(command.optsWithGlobals())
      const made = await bus.admin.generateKey(owner)
      output.say(made, made.apiKey)
      if (process.stdout.isTTY) output.note('Keep it now: it is not shown again.')
    })

  keys
    .command('list')
    .description('Lists the keys: number, owner, how they begin. No key is shown whole.')
    .action(async (_options, command) => {
      const { bus, output } = connect(command.optsWithGlobals())
      const list = await bus.admin.keys()
      output.say(list, () =>
        list.length === 0
          ? 'There are no keys yet but the master key. Make one: intent-bus keys create OWNER'
          : table(
              ['number', 'key', 'unsettled', 'made', 'owner'],
              list.map(({ keyId, prefix, openIntents, createdAt, owner }) => [
                `${keyId}`,
                `${prefix}…`,
                `${openIntents}`,
                moment(createdAt),
                plain(owner),
              ]),
            ),
      )
    })

  keys
    .command('revoke')
    .description('Revokes a key: by its number in the list, or the key itself from stdin (-).')
    .argument('<number>', 'as `keys list` shows it, or - to read the key from stdin')
    .action(async (which, _options, command) => {
      const { bus, output } = connect(command.optsWithGlobals())
      const gone = await bus.admin.revokeKey(await keyOf(which))
      if (!gone.revoked) throw new Failure('There is no such key.', EXIT.notFound, 'intent-bus keys list')
      const { openIntents = 0 } = gone
      output.say(gone, `Revoked.${openIntents > 0 ? ` ${openIntents} of its intents are unsettled.` : ''}`)
    })
}

async function keyOf(which: string): Promise<{ apiKey: string } | { keyId: number }> {
  if (which === '-') return { apiKey: (await typed('-')).trim() }
  if (/^\d{1,15}$/.test(which)) return { keyId: Number(which) }
  throw new Failure(
    'keys revoke takes the number of a key, or - to read the key from stdin: a key on the command line is seen by others.',
  )
}
