/** What went wrong, for people: the message, the way out, and the exit code. */
import {
  BusError,
  IntentBusError,
  IntentDeadError,
  NotDoneYetError,
  UnexpectedAnswerError,
  UnreachableError,
} from '@intent-bus/client/index'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { COMMAND } from './invocation.ts'
import { isLoopback } from './loopback.ts'
import { plain, sentence, span } from './output.ts'

/** The address, and where it, key and token came from, to be named when one is wrong: `--url`, `BUS_API_KEY`. */
export type Origins = {
  address: string
  /** `undefined`: nothing names a bus, and the address is the usual one of this machine. */
  url: string | undefined
  /** What to do about it then. */
  none?: string | undefined
  key?: string | undefined
  adminToken?: string | undefined
}

/** Thrown on purpose by a command. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly exit: ExitCode
  readonly wayOut: string | undefined

  constructor(message: string, exit: ExitCode = EXIT.usage, wayOut?: string) {
    super(message)
    this.exit = exit
    this.wayOut = wayOut
  }
}

/** An admin's call without the token, of which a key has a part for itself. */
export class OwnListInstead extends IntentBusError {
  /** What a key may do. */
  readonly instead: string

  constructor(instead: string) {
    super('missing_admin_token', 'Admin calls need an admin token.')
    this.instead = instead
  }
}

export type Told = { code: string; message: string; wayOut?: string | undefined; exit: ExitCode }

/** Of failures that the command finds out by itself; else `usage`. */
const CODES: Partial<Record<ExitCode, string>> = { [EXIT.notFound]: 'not_found', [EXIT.failed]: 'failed' }

const DENIED = ['unauthorized', 'key_expired', 'forbidden', 'invalid_signature', 'https_required']

/**
 * @param origins where address, key and token came from, if that is known
 * @returns `null` for what is a fault of the program, and deserves its stack
 */
export function toldOf(error: unknown, origins?: Origins): Told | null {
  if (error instanceof Failure) {
    const code = CODES[error.exit] ?? 'usage'
    return { code, message: error.message, wayOut: error.wayOut, exit: error.exit }
  }
  if (!(error instanceof IntentBusError)) return null
  const { code, message } = error
  return { code, message, wayOut: wayOutOf(error, origins), exit: exitOf(error) }
}

/** Why nothing comes yet, and when it is asked for again. */
export function waitingText(error: unknown, delayMs: number): string {
  const wait = span(delayMs < 1000 ? delayMs / 1000 : Math.ceil(delayMs / 1000))
  if (error instanceof BusError && error.retryAfter !== undefined) {
    // Of a limit, the message itself says how long.
    if (error.code === 'rate_limited' && /\b\d{1,9} s\./.test(error.message)) return plain(error.message)
    return `The bus says to try again in ${wait}: ${plain(error.message)}`
  }
  if (error instanceof UnexpectedAnswerError) return `${sentence(plain(error.message))} Again in ${wait}.`
  return `${error instanceof BusError ? 'Not now' : 'No answer'}, again in ${wait}: ${plain((error as Error).message)}`
}

export const isOf = (error: unknown, code: string): boolean =>
  error instanceof IntentBusError && error.code === code

/** For whatever is thrown: a fault of ours is one of the connection at most. */
export function exitOf(error: Error): ExitCode {
  if (!(error instanceof IntentBusError)) return EXIT.unreachable
  if (error instanceof UnreachableError || error instanceof UnexpectedAnswerError) return EXIT.unreachable
  if (error instanceof IntentDeadError) return EXIT.failed
  if (error instanceof NotDoneYetError) return EXIT.notYet
  if (error.code.startsWith('missing_')) return EXIT.usage
  if (DENIED.includes(error.code)) return EXIT.denied
  if (error.code === 'not_found') return EXIT.notFound
  if (error instanceof BusError && error.status >= 500) return EXIT.unreachable
  return EXIT.refused
}

/** What the bus says where an admin token is wanted; for a key it says something else. */
const isAdminRefusal = ({ message }: Error): boolean => message.includes('Authentication required')

export const wrongKey = (origins?: Origins): string =>
  `The bus does not know this key; it came from ${origins?.key ?? 'BUS_API_KEY or a profile'}. An admin makes one with \`${COMMAND} keys create\`.`

export const wrongAdminToken = (origins?: Origins): string =>
  `The bus has another admin token; this one came from ${origins?.adminToken ?? 'BUS_ADMIN_TOKEN or a profile'}. It is BUS_ADMIN_SECRET on the bus.`

/** Where the address came from, as a sentence before others. */
export const whereFrom = (origins?: Origins): string =>
  origins?.url === undefined ? '' : `The address came from ${origins.url}. `

/** Who may answer in the place of the bus: no network and no proxy stands between a machine and itself. */
export function whoElse(address: string | undefined): string {
  if (address === undefined || !isLoopback(address))
    return 'Is it the bus’s? Does this network want you to sign in, or does a proxy answer?'
  const { port } = new URL(address)
  return `Something else listens on port ${port || '80'}. Which address does npm start print?`
}

const ADMIN_TOKEN =
  'Set BUS_ADMIN_TOKEN or BUS_ADMIN_TOKEN_FILE beside BUS_URL, or admin_token_file in the profile. It is BUS_ADMIN_SECRET on the bus.'

export function wayOutOf(error: Error, origins?: Origins): string | undefined {
  if (error instanceof UnexpectedAnswerError)
    return `${whereFrom(origins)}${whoElse(origins?.address)} \`${COMMAND} doctor\` looks step by step.`
  if (error instanceof UnreachableError) {
    if (origins?.none !== undefined) return origins.none
    return `${whereFrom(origins)}Is the bus running there? \`${COMMAND} doctor\` looks step by step; --url names another one.`
  }
  if (!(error instanceof IntentBusError)) return undefined
  switch (error.code) {
    case 'missing_key':
      if (process.env['INTENT_ID'])
        return 'A command of a worker does not get its key: give work (or worker.sh) --pass-key.'
      return `Set BUS_API_KEY or BUS_API_KEY_FILE, or remember the bus: ${COMMAND} profile add home URL < key.txt`
    case 'missing_admin_token':
      if (process.env['INTENT_ID'])
        return 'A command of a worker does not get its admin token: give work --pass-key.'
      return error instanceof OwnListInstead ? `${ADMIN_TOKEN} ${error.instead}` : ADMIN_TOKEN
    case 'unauthorized':
      return isAdminRefusal(error) ? wrongAdminToken(origins) : wrongKey(origins)
    case 'key_expired':
      return `An admin gives it a successor with \`${COMMAND} keys rotate NUMBER\`, or more time with \`keys change NUMBER --expires 90d\`.`
    case 'invalid_signature':
      return error.message.startsWith('Stale')
        ? `Set this machine’s clock; \`${COMMAND} doctor\` says how far it is off.`
        : 'The bus wants signed requests: --sign, BUS_SIGN=true, or "sign": true in the profile.'
    case 'https_required':
      return 'Use its https:// address.'
    case 'forbidden':
      return 'A key reads what it published or claimed, and cancels and retries what it published. The master key reads all; an admin token does all: BUS_ADMIN_TOKEN.'
    case 'rate_limited':
      return `Wait. An admin can raise the limit of this key: ${COMMAND} keys change NUMBER --rate 600`
    case 'limit_exceeded':
      return `Wait until some are done. An admin can raise the limit of this key: ${COMMAND} keys change NUMBER --open-limit 5000`
    case 'backup_running':
      return `Look when it is done: ${COMMAND} backup --list`
    case 'idempotency_conflict':
      return 'The same --idempotency-key went with another body before. Take a new one.'
    case 'not_done_yet':
      return `It is still there: ask again with \`${COMMAND} result ID --wait 60\`.`
    default:
      return undefined
  }
}
