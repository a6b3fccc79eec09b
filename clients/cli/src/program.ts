import { Command, type CommandUnknownOpts, Help, Option } from '@commander-js/extra-typings'
import { type BusOptions, IntentBus } from '@intent-bus/client/index'
import { EXIT } from './exit-codes.ts'
import { Failure, type Origins, waitingText } from './failure.ts'
import { secondsIn } from './input.ts'
import { COMMAND } from './invocation.ts'
import { parseJson } from './json.ts'
import { Output, wrapped } from './output.ts'
import { passProxyBy } from './proxy.ts'
import { type Flags, type Settings, settingsOf } from './settings.ts'
import { Silence } from './silence.ts'

/** The command with what every command takes. */
export function newProgram(version: string) {
  return (
    new Command('intent-bus')
      .description('A small job bus over plain HTTP: publish in the cloud, work on a phone, a Pi or a VPS.')
      .version(version, '--version', 'print the version')
      .addOption(
        new Option('-p, --profile <name>', 'a bus saved in the config file; . is that of this directory'),
      )
      .addOption(new Option('--url <url>', 'use this address, not that of the profile or of BUS_URL'))
      .addOption(new Option('-n, --namespace <name>', 'the namespace to work in'))
      .addOption(new Option('--sign', 'sign every request'))
      .addOption(new Option('--json', 'print JSON, with the field names of the HTTP API'))
      .addOption(new Option('-q, --quiet', 'on stderr, only errors'))
      .configureHelp({ formatItem, commandUsage })
      // What Commander has to complain of is told by us, as all that goes wrong is.
      .configureOutput({ outputError: () => undefined })
      .helpOption('-h, --help', 'show help')
      .helpCommand(false)
      .showSuggestionAfterError()
  )
}

/** For whoever types `npx intent-bus`, it begins so. */
function commandUsage(this: Help, command: Parameters<Help['commandUsage']>[0]): string {
  return Help.prototype.commandUsage.call(this, command).replace(/^intent-bus\b/, COMMAND)
}

/** On a phone there is no room for two columns: what it means stands below. */
function formatItem(term: string, termWidth: number, description: string, help: Help): string {
  const width = help.helpWidth ?? 80
  const beside = width - termWidth - 4
  if (beside >= LEAST_COLUMN) {
    return `  ${term.padEnd(termWidth)}  ${wrapped(description, beside, termWidth + 4)}`.trimEnd()
  }
  return `  ${term}${description === '' ? '' : `\n      ${wrapped(description, width - 6, 6)}`}`
}

const LEAST_COLUMN = 24

export type Program = ReturnType<typeof newProgram>
export type Globals = Flags & {
  json?: true | undefined
  quiet?: true | undefined
  /** Seconds. `work` has another option of this name. */
  timeout?: number | undefined
}

/** Seconds for which a command tries to reach a bus. */
const PATIENCE_S = 30

/** For every command that asks a bus something, and ends. */
export function withTimeout(command: CommandUnknownOpts): void {
  command.option(
    '--timeout <time>',
    `give up after so long if no bus answers (${PATIENCE_S} s)`,
    secondsIn({ least: 0.1, most: 86_400 }),
  )
}

/** @throws {Failure} which does not show it: there may be a password in it */
export function checkAddress(url: string): void {
  try {
    new IntentBus({ url })
  } catch (error) {
    throw new Failure(
      `The address of the bus cannot be used: ${(error as Error).message}`,
      EXIT.usage,
      'It takes one such as https://bus.example.com or http://localhost:8080.',
    )
  }
}

let found: Origins | undefined

/** Where the address, the key and the token of the last client came from. A bus that stops takes `data/bus.url` with it. */
export const originsFound = (): Origins | undefined => found

export type Session<Bus = IntentBus> = { bus: Bus; settings: Settings; output: Output }

/** A client for what the flags, the environment and the config file say. */
export function connect(globals: Globals): Session
export function connect<Bus>(globals: Globals, Client: new (options: BusOptions) => Bus): Session<Bus>
export function connect(globals: Globals, Client = IntentBus): Session {
  const settings = settingsOf(globals, process.env)
  found = settings.origins
  checkAddress(settings.url)
  passProxyBy(settings.url)
  const { url, key, adminToken, sign } = settings
  const patience = globals.timeout ?? PATIENCE_S
  const output = new Output(globals)
  if (settings.aside !== undefined) output.note(settings.aside)
  const silence = new Silence(output)
  const onRetry = (error: unknown, delayMs: number) =>
    silence.longer(delayMs, () => waitingText(error, delayMs))
  return {
    bus: new Client({
      url,
      key,
      adminToken,
      sign: sign && key !== undefined,
      parse: parseJson,
      onRetry,
      patience,
      timeout: Math.min(patience, 30),
    }),
    settings,
    output,
  }
}
