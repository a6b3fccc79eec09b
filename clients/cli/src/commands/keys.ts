import { Option } from '@commander-js/extra-typings'
import type { IssuedKey, KeyTerms, WhichKey } from '@intent-bus/client/index'
import { EXIT } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { numberIn, secondsOf, typed } from '../input.ts'
import { COMMAND } from '../invocation.ts'
import { newSecretFile } from '../new-secret-file.ts'
import { moment, type Output, plain, span } from '../output.ts'
import { connect, type Program } from '../program.ts'
import { adminNow } from '../reach.ts'
import { table, widthOf } from '../table.ts'

const OUT = 'write it to this new file, which only you may read, and print it nowhere'
const NUMBER = 'as `keys list` shows it, or - to read the key from stdin'

export function addKeys(program: Program): void {
  const keys = program
    .command('keys')
    .summary('make, list, rotate, change and revoke API keys')
    .description('API keys. All of it needs the admin token.')

  withTerms(keys.command('create'))
    .description('Makes a key and prints it, this once.')
    .argument('[owner]', 'whose it is: a name for people; or --owner')
    .option('--owner <name>', 'the same')
    .option('--out <file>', OUT)
    .action(async (argument, { owner = argument, out, ...asked }, command) => {
      if (owner === undefined) throw new Failure('keys create takes a name: whose is the key?')
      const { bus, output } = connect(command.optsWithGlobals())
      await deliver(output, out, () => bus.admin.generateKey(owner, termsOf(asked)))
    })

  keys
    .command('list')
    .description(
      'Lists the keys: number, first characters, open jobs, last use, expiry, limits, owner. No key is shown whole.',
    )
    .action(async (_options, command) => {
      const { bus, output } = connect(command.optsWithGlobals())
      const list = await bus.admin.keys()
      const now = list.length === 0 ? 0 : await adminNow(bus)
      output.say(list, () =>
        list.length === 0
          ? `There are no keys yet but the master key. Make one: ${COMMAND} keys create OWNER`
          : keyTable(list, now),
      )
    })

  keys
    .command('rotate')
    .description(
      'Makes a successor and prints it, this once. It can do all that the old key can; the old key ends after the overlap.',
    )
    .argument('<number>', NUMBER)
    .addOption(
      new Option('--overlap <time>', 'for how long both are good: 24h, 30m, 0')
        .argParser(secondsOf)
        .default(86_400, '24h'),
    )
    .option(
      '--expires <time>',
      'when the new one expires; else it lives as long as the old one was made to',
      secondsOf,
    )
    .option('--out <file>', OUT)
    .action(async (which, { overlap, expires, out }, command) => {
      const { bus, output } = connect(command.optsWithGlobals())
      const old = await keyOf(which, 'rotate')
      const made = await deliver(output, out, () => bus.admin.rotateKey(old, { overlap, expiresIn: expires }))
      const end = made.replaces.expiresAt!
      output.note(`Key ${made.replaces.keyId} is good until ${moment(end)}; this is key ${made.keyId}.`)
    })

  withTerms(keys.command('change'))
    .description("Changes a key's owner, note, expiry or limits. 0 removes an expiry or a limit.")
    .argument('<number>', NUMBER)
    .option('--owner <name>', 'whose it is')
    .action(async (which, { owner, ...asked }, command) => {
      const { bus, output } = connect(command.optsWithGlobals())
      const changed = await bus.admin.changeKey(await keyOf(which, 'change'), { owner, ...termsOf(asked) })
      output.say(changed, `Changed key ${changed.keyId}.`)
    })

  keys
    .command('revoke')
    .description('Revokes a key: by its number in the list, or the key itself from stdin (-).')
    .argument('<number>', NUMBER)
    .action(async (which, _options, command) => {
      const { bus, output } = connect(command.optsWithGlobals())
      const asked = await keyOf(which, 'revoke')
      const known = describedIn(await bus.admin.keys(), asked)
      const gone = await bus.admin.revokeKey(asked)
      if (!gone.revoked) throw new Failure('There is no such key.', EXIT.notFound, `${COMMAND} keys list`)
      const { openIntents = 0 } = gone
      output.say(gone, `Revoked ${known}.${leftOpen(openIntents)}`)
    })
}

/** @param out a file that is made first: where it cannot be, no key is */
async function deliver<Made extends IssuedKey & { apiKey: string }>(
  output: Output,
  out: string | undefined,
  make: () => Promise<Made>,
): Promise<Made> {
  const file = out === undefined ? undefined : newSecretFile(out)
  try {
    const made = await make()
    const lost = `Key ${made.keyId} is made, but not shown. Revoke it: ${COMMAND} keys revoke ${made.keyId}`
    if (file === undefined) {
      output.say(made, made.apiKey, lost)
      if (process.stdout.isTTY) output.note('Keep it now: it is not shown again.')
      return made
    }
    try {
      file.keep(`${made.apiKey}\n`)
    } catch (error) {
      throw new Failure(
        `${out} cannot be written (${(error as NodeJS.ErrnoException).code}).`,
        EXIT.unwritten,
        lost,
      )
    }
    const { apiKey: _, ...shown } = made
    output.note(`Key ${made.keyId} is in ${out}.`)
    if (output.json) output.say({ ...shown, out }, '')
    return made
  } catch (error) {
    file?.forget()
    throw error
  }
}

/** Two keys may begin alike, in theory: then it is no one's. */
function describedIn(keys: readonly IssuedKey[], which: WhichKey): string {
  const those = keys.filter(({ keyId, prefix }) =>
    'keyId' in which ? keyId === which.keyId : which.apiKey.startsWith(prefix),
  )
  return those.length === 1 ? `key ${those[0]!.keyId} (${plain(those[0]!.owner)})` : 'the key'
}

const leftOpen = (jobs: number): string =>
  jobs === 0
    ? ''
    : ` ${jobs === 1 ? '1 job that it published is' : `${jobs} jobs that it published are`} still open.`

const whole = numberIn({ least: 0, whole: true })

function withTerms<C extends ReturnType<Program['command']>>(command: C) {
  return command
    .option('--note <text>', 'what else to remember about it')
    .option('--expires <time>', 'when it expires: 90d, 12h', secondsOf)
    .option('--rate <requests>', 'requests in a window, instead of the limit of the bus', whole)
    .option('--open-limit <intents>', 'open and claimed intents, instead of the limit of the bus', whole)
}

type Asked = { note?: string; expires?: number; rate?: number; openLimit?: number }

const termsOf = ({
  note,
  expires,
  rate,
  openLimit,
}: { [name in keyof Asked]: Asked[name] | undefined }): KeyTerms => ({
  note,
  expiresIn: expires,
  rateLimit: rate,
  openLimit,
})

function keyTable(keys: readonly IssuedKey[], now: number): string {
  const isTerminal = widthOf(process.stdout) !== undefined
  return table(
    [
      { head: isTerminal ? 'no' : 'number', right: true },
      { head: 'key' },
      { head: isTerminal ? 'open' : 'open jobs', right: true },
      { head: 'made' },
      { head: isTerminal ? 'used' : 'last used' },
      { head: 'expires' },
      ...(isTerminal ? [] : [{ head: 'limits' }]),
      { head: 'owner' },
    ],
    keys.map(key => {
      const { keyId, prefix, openIntents, createdAt, lastUsedAt, owner, note } = key
      const limits = limitsOf(key)
      const whose = plain(note === '' ? owner : `${owner} (${note})`)
      return [
        `${keyId}`,
        `${prefix}…`,
        `${openIntents}`,
        isTerminal ? moment(createdAt).slice(0, DAY) : moment(createdAt),
        lastUsedAt === null ? 'never' : `${span(Math.max(0, now - lastUsedAt))} ago`,
        endOf(key, now),
        ...(isTerminal
          ? [limits === '' ? whose : `${whose}, ${limits}`]
          : [limits === '' ? '-' : limits, whose]),
      ]
    }),
  )
}

/** Of a moment: `2026-11-24`. */
const DAY = 10

function endOf({ expiresAt, expired, replacedBy }: IssuedKey, now: number): string {
  const next = replacedBy === null ? '' : `, replaced by ${replacedBy}`
  if (expiresAt === null) return `never${next}`
  return expired ? `${span(now - expiresAt)} ago${next}` : `in ${span(expiresAt - now)}${next}`
}

function limitsOf({ rateLimit, openLimit }: IssuedKey): string {
  const limits = [
    ...(rateLimit === null ? [] : [`rate ${rateLimit}`]),
    ...(openLimit === null ? [] : [`open ${openLimit}`]),
  ]
  return limits.join(', ')
}

async function keyOf(which: string, verb: string): Promise<WhichKey> {
  if (which === '-') return { apiKey: (await typed('-')).trim() }
  if (/^\d{1,15}$/.test(which)) return { keyId: Number(which) }
  throw new Failure(
    `keys ${verb} takes the number of a key, or - to read the key from stdin: a key on the command line is seen by others.`,
  )
}
