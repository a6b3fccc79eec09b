/** The command line: puts the commands together, runs one, and turns what goes wrong into a line and an exit code. */
import { createRequire } from 'node:module'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { CommanderError } from 'commander'
import { addAudit } from './commands/audit.ts'
import { addBackup } from './commands/backup.ts'
import { addCancel } from './commands/cancel.ts'
import { completeWithTab } from './commands/completion.ts'
import { addDead } from './commands/dead.ts'
import { addDoctor } from './commands/doctor.ts'
import { addHelp } from './commands/help.ts'
import { addImport } from './commands/import.ts'
import { addKeys } from './commands/keys.ts'
import { addKv } from './commands/kv.ts'
import { addList } from './commands/list.ts'
import { addMaintenance } from './commands/maintenance.ts'
import { addProfile } from './commands/profile.ts'
import { addPublish } from './commands/publish.ts'
import { addRestore } from './commands/restore.ts'
import { addResult } from './commands/result.ts'
import { addRetry } from './commands/retry.ts'
import { addServe } from './commands/serve.ts'
import { addStatus } from './commands/status.ts'
import { addStress } from './commands/stress.ts'
import { addWatch } from './commands/watch.ts'
import { addWork } from './commands/work.ts'
import { refuseEmpty } from './empty.ts'
import { EXIT } from './exit-codes.ts'
import { Failure, toldOf } from './failure.ts'
import { COMMAND } from './invocation.ts'
import { endWithoutStalledReaders, endWithReader, errorLines, explain } from './lines.ts'
import { jsonText, plain, styled } from './output.ts'
import { newProgram, originsFound, type Program, withTimeout } from './program.ts'
import { withTextAsWord } from './publish/words.ts'

const { version } = createRequire(import.meta.url)('../package.json') as { version: string }

/** In the order in which help lists them. Work first, then its keeping, then this machine. */
const COMMANDS: readonly ((program: Program) => void)[] = [
  addPublish,
  addWork,
  addList,
  addStatus,
  addResult,
  addCancel,
  addRetry,
  addWatch,
  addDead,
  addKeys,
  addAudit,
  addMaintenance,
  addKv,
  addProfile,
  addDoctor,
  addServe,
  addBackup,
  addRestore,
  addImport,
  addStress,
]

/** Of these, `work` waits for as long as it takes, and means something else by --timeout. */
const ASK_NO_BUS = ['work', 'profile', 'doctor', 'serve', 'restore', 'import', 'stress']

export function fullProgram() {
  const program = newProgram(version)
  for (const add of COMMANDS) add(program)
  for (const { command, path } of everyCommand(program)) {
    if (command.commands.length === 0 && !ASK_NO_BUS.includes(path[0]!)) withTimeout(command)
  }
  addHelp(program)
  for (const group of program.commands.filter(({ commands }) => commands.length > 0)) {
    group.helpCommand('help [command]', 'show help for one of them')
  }
  completeWithTab(program)
  return program
}

export async function main(argv: readonly string[]): Promise<void> {
  process.stdout.on('error', endWithReader)
  // A progress bar or a question goes to the terminal itself, which may be gone.
  process.stderr.on('error', () => undefined)
  const program = fullProgram()
  for (const { command, path } of everyCommand(program)) {
    // A shell completes what is empty so far.
    if (command.commands.length === 0 && path[0] !== 'complete')
      command.hook('preAction', () => refuseEmpty(command, path))
    command.exitOverride(error => {
      throw wrongUse(error, path)
    })
  }
  try {
    await program.parseAsync(withTextAsWord(argv, program as unknown as CommandUnknownOpts) as string[])
  } catch (error) {
    process.exitCode = told(error, argv.includes('--json'))
  }
  await endWithoutStalledReaders()
}

type Named = { command: CommandUnknownOpts; path: readonly string[] }

/** @returns each command with the words that name it */
export function everyCommand(command: CommandUnknownOpts, path: readonly string[] = []): Named[] {
  const within = command.commands.flatMap(each => everyCommand(each, [...path, each.name()]))
  return [{ command, path }, ...within]
}

/** What Commander does not understand, with the command whose help has it. What is no error stays as it is. */
function wrongUse(error: CommanderError, path: readonly string[]): Error {
  if (error.exitCode === 0 || error.code === 'commander.help') return error
  const help = [COMMAND, 'help', ...path].join(' ')
  return new Failure(
    error.message.replace(/^error: /, ''),
    EXIT.usage,
    `${help} shows what ${path.length === 0 ? 'there is' : 'it takes'}.`,
  )
}

/** @returns the exit code */
function told(error: unknown, json: boolean): number {
  // Help, or the version: Commander has printed it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  const failure = toldOf(error, originsFound())
  if (failure === null) throw error
  const { code, message, wayOut, exit } = failure
  if (json) {
    errorLines().write(`${jsonText({ error: { code, message, way_out: wayOut } })}\n`)
    return exit
  }
  explain(`${styled('red', 'error:', process.stderr)} ${plain(message)}`)
  if (wayOut !== undefined) explain(styled('dim', wayOut, process.stderr))
  return exit
}
