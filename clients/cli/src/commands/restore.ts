import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Chosen } from '@intent-bus/service/backup/choose'
import type { Restored } from '@intent-bus/service/backup/restore'
import type { Opener } from '@intent-bus/service/backup/seal'
import type { Config } from '@intent-bus/service/config/config'
import { CLONE } from '../clone.ts'
import { EXIT } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { COMMAND } from '../invocation.ts'
import { fields, moment, Output, span } from '../output.ts'
import type { Program } from '../program.ts'
import { askHidden } from '../terminal/ask.ts'
import { countsOf } from './backup.ts'

type Options = { data?: string; force?: true; identity?: string; passphraseFile?: string }

export function addRestore(program: Program): void {
  program
    .command('restore')
    .summary('put a backup in the place of a bus')
    .description(
      'Verifies a backup and makes it the database of a bus that does not run. A database that holds something is replaced only with --force, and is moved aside then.',
    )
    .argument(
      '<backup>',
      `a file that \`${COMMAND} backup\` made, or a directory: the newest whole one in it`,
    )
    .allowExcessArguments()
    .option('--data <dir>', 'the data directory (that of BUS_DB_PATH, ./data)')
    .option('--force', 'replace a bus that holds something; its database is moved aside')
    .option('--identity <file>', 'what opens an encrypted one: the file that age-keygen made')
    .option('--passphrase-file <file>', 'or the file with its passphrase; - reads it from stdin')
    .action(async (given, options: Options, command) => {
      const { restore } = await import('@intent-bus/service/backup/restore')
      const { configFor } = await import('../bus-of-directory.ts')
      const { serviceFailure } = await import('../service-failure.ts')
      const { shellQuoted } = await import('@intent-bus/service/process/banner')
      const output = new Output(command.optsWithGlobals())
      if (command.args.length > 1)
        throw new Failure(
          `restore takes one backup; it got ${command.args.length}.`,
          EXIT.usage,
          'Name the one, or the directory they are in: the newest whole one is restored.',
        )
      process.umask(0o077)
      try {
        const config = configFor(options.data)
        const chosen = await chosenFrom(given)
        const { file } = chosen
        tellOfChoice(chosen, output)
        const restored = await restore({
          file,
          database: config.values.BUS_DB_PATH,
          keyFile: config.keyFile,
          opener: file.endsWith('.age')
            ? await openerOf(options, config.backupSecrets.BUS_BACKUP_PASSPHRASE)
            : openerGiven(options),
          force: options.force ?? false,
        })
        const missing = missingBeside(config, restored)
        const start = startOf(config.values.BUS_DB_PATH, shellQuoted)
        output.say({ ...answerOf(restored), file, missing }, () => told(restored, file, missing, start))
      } catch (error) {
        throw serviceFailure(error)
      }
    })
}

async function chosenFrom(given: string): Promise<Chosen> {
  if (!statSync(given, { throwIfNoEntry: false })?.isDirectory())
    return { file: given, of: 1, passedOver: [] }
  const { newestWhole } = await import('@intent-bus/service/backup/choose')
  return newestWhole(given)
}

/** Whoever restores an older one than they think has to know. */
function tellOfChoice({ file, of, passedOver }: Chosen, output: Output): void {
  for (const name of passedOver)
    output.complain(`${name} is newer, but not what its checksum says: it is left out.`)
  if (of > 1)
    output.note(
      `Of the ${of} backups in the directory, this is the newest${passedOver.length > 0 ? ' whole one' : ''}: ${file}`,
    )
}

/** What the bus needs besides the database, and is not there. A key that the environment sets is looked for in no file. */
function missingBeside({ dataDir, keyFile, secrets }: Config, { sealingKey }: Restored): string[] {
  const secretsFile = join(dataDir, 'secrets.env')
  return [
    ...(sealingKey === 'missing' ? [keyFile] : []),
    ...(secrets.BUS_SECRET === undefined && !existsSync(secretsFile) ? [secretsFile] : []),
  ]
}

/** Of a backup that is not encrypted: that something was given is for the restore to refuse. */
const openerGiven = ({ identity, passphraseFile }: Options): Opener | null =>
  identity === undefined && passphraseFile === undefined ? null : { passphrase: '' }

async function openerOf(
  { identity, passphraseFile }: Options,
  configured: string | undefined,
): Promise<Opener | null> {
  if (identity !== undefined && passphraseFile !== undefined)
    throw new Failure('--identity and --passphrase-file: one of them opens it.')
  const { identitiesIn } = await import('@intent-bus/service/backup/seal')
  if (identity !== undefined) {
    const identities = identitiesIn(read(identity))
    if (identities.length === 0) throw new Failure(`There is no identity in ${identity} (AGE-SECRET-KEY-1…).`)
    return { identities }
  }
  if (passphraseFile === '-') return { passphrase: firstLine(await text(process.stdin)) }
  if (passphraseFile !== undefined) return { passphrase: firstLine(read(passphraseFile)) }
  if (configured !== undefined) return { passphrase: configured }
  if (!process.stdin.isTTY) return null
  return { passphrase: await askHidden('Passphrase of the backup: ') }
}

const firstLine = (lines: string): string => lines.split(/\r?\n/, 1)[0]!

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Failure(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`)
  }
}

const secondsOrNull = (ms: number | null): number | null => (ms === null ? null : ms / 1000)

function answerOf({ contents, moment: at, ...rest }: Restored): object {
  return {
    restored_to: secondsOrNull(at),
    database: rest.database,
    schema: contents.schema,
    intents: contents.intents,
    newest_intent_at: secondsOrNull(contents.newestIntentAt),
    issued_keys: contents.apiKeys,
    values: contents.values,
    checksum: rest.checksum,
    moved_to: rest.movedTo,
    sealing_key: rest.sealingKey,
    files: rest.files,
  }
}

const ago = (ms: number): string => `${moment(ms / 1000)}, ${span(Math.max(0, Date.now() - ms) / 1000)} ago`

const KEY_STATES = {
  right: 'bus.key opens them',
  wrong: 'bus.key is another one: put the right one back, or the bus will not start',
  missing: 'bus.key is missing: put it back, or the bus will not start',
}

const FILE_STATES = {
  written: 'written',
  kept: 'there already, and another one: it was left as it is',
  'the same': 'there already',
}

/** Once it has started without them, it has other ones. */
function beforeTheStart(missing: readonly string[]): string[] {
  if (missing.length === 0) return []
  const without = missing.some(path => path.endsWith('secrets.env'))
    ? ' Without secrets.env the bus makes new secrets, and nobody who has the old ones gets in.'
    : ''
  return [`Put back first, from where you keep a copy: ${missing.join(' and ')}.${without}`]
}

/** In the clone, the database of `npm start` needs no name. Elsewhere a relative path would be another one. */
function startOf(database: string, quoted: (path: string) => string): string {
  if (CLONE === null)
    return `Now start the bus: ${COMMAND} serve${database === 'data/bus.db' ? '' : ` --db ${quoted(database)}`}`
  const place = process.cwd() === CLONE ? database : resolve(database)
  return `Now start the bus; in a clone: ${database === 'data/bus.db' ? '' : `BUS_DB_PATH=${quoted(place)} `}npm start`
}

function told(
  { contents, moment: at, ...rest }: Restored,
  file: string,
  missing: readonly string[],
  start: string,
): string {
  const { newestIntentAt, apiKeys, values } = contents
  const keys = rest.sealingKey === null ? '0' : `${apiKeys}; ${KEY_STATES[rest.sealingKey]}`
  return [
    at === null ? 'Restored.' : `Restored to the moment ${ago(at)}: what was acknowledged before is there.`,
    fields([
      ['backup', file],
      ['database', rest.database],
      ['intents', countsOf(contents.intents)],
      ['newest intent', newestIntentAt === null ? null : ago(newestIntentAt)],
      ['issued keys', keys],
      ['values', values],
      [
        'checksum',
        rest.checksum === 'right' ? 'right' : 'there was none beside it; the backup is whole by its own',
      ],
      ['moved aside', rest.movedTo],
      ...rest.files.map(({ path, state }) => ['file', `${path}: ${FILE_STATES[state]}`] as const),
    ]),
    ...beforeTheStart(missing),
    start,
    'Work that was claimed then is given out again when its lease has run out.',
    'What was published, settled, issued or revoked after that moment is not',
    'known (docs/backup.md).',
  ].join('\n')
}
