/** What went wrong, for people: the message, the way out, and the exit code. */
import {
  BusError,
  IntentBusError,
  IntentDeadError,
  NotDoneYetError,
  UnexpectedAnswerError,
  UnreachableError,
} from '../../typescript/src/index.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

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

export type Told = { code: string; message: string; wayOut?: string | undefined; exit: ExitCode }

const DENIED = ['unauthorized', 'forbidden', 'invalid_signature', 'https_required']

/** @returns `null` for what is a fault of the program, and deserves its stack */
export function toldOf(error: unknown): Told | null {
  if (error instanceof Failure) {
    const code = error.exit === EXIT.notFound ? 'not_found' : 'usage'
    return { code, message: error.message, wayOut: error.wayOut, exit: error.exit }
  }
  if (!(error instanceof IntentBusError)) return null
  const { code, message } = error
  return { code, message, wayOut: wayOutOf(error), exit: exitOf(error) }
}

function exitOf(error: IntentBusError): ExitCode {
  if (error instanceof UnreachableError || error instanceof UnexpectedAnswerError) return EXIT.unreachable
  if (error instanceof IntentDeadError) return EXIT.failed
  if (error instanceof NotDoneYetError) return EXIT.notYet
  if (error.code.startsWith('missing_')) return EXIT.usage
  if (DENIED.includes(error.code)) return EXIT.denied
  if (error.code === 'not_found') return EXIT.notFound
  if (error instanceof BusError && error.status >= 500) return EXIT.unreachable
  return EXIT.refused
}

const ADMIN_TOKEN =
  'Set BUS_ADMIN_TOKEN or BUS_ADMIN_TOKEN_FILE beside BUS_URL, or admin_token_file in the profile. It is BUS_ADMIN_SECRET on the bus.'

function wayOutOf(error: IntentBusError): string | undefined {
  if (error instanceof UnreachableError || error instanceof UnexpectedAnswerError) {
    return 'Is the bus running there? `intent-bus doctor` looks step by step; --url names another one.'
  }
  switch (error.code) {
    case 'missing_key':
      return 'Set BUS_API_KEY or BUS_API_KEY_FILE, or remember the bus: intent-bus profile add home URL < key.txt'
    case 'missing_admin_token':
      return ADMIN_TOKEN
    case 'unauthorized':
      return error.message.includes('Authentication required')
        ? ADMIN_TOKEN
        : 'Look at BUS_API_KEY or the profile; `intent-bus doctor` says which key is used. An admin makes one with `intent-bus keys create`.'
    case 'invalid_signature':
      return error.message.startsWith('Stale')
        ? 'Set this machine’s clock; `intent-bus doctor` says how far it is off.'
        : 'The bus wants signed requests: --sign, BUS_SIGN=true, or "sign": true in the profile.'
    case 'https_required':
      return 'Use its https:// address.'
    case 'forbidden':
      return 'An intent may be read by its publisher, its claimer, and the master key.'
    case 'rate_limited':
    case 'limit_exceeded':
      return 'Wait, or use the master key, which has no limits.'
    case 'idempotency_conflict':
      return 'The same --idempotency-key went with another body before. Take a new one.'
    case 'not_done_yet':
      return 'It is still there: ask again with `intent-bus result ID --wait 60`.'
    default:
      return undefined
  }
}
