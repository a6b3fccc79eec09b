import { type Logger, pino } from 'pino'
import type { LogLevel } from '../config/variables.ts'
import type { LineSink } from './line-sink.ts'
import { type LoggedError, loggedError } from './logged-error.ts'

/** What can carry a secret in a logged request. */
const SECRET_HEADERS = ['x-api-key', 'x-admin-token', 'authorization', 'cookie'].map(
  name => `req.headers["${name}"]`,
)

/**
 * JSON lines; on a terminal, lines for people. pino's own destination is not used: its `flushSync`, which it calls at each
 * fatal line, tries for ever on a disk that is full.
 */
export function openLogger(level: LogLevel, forPeople: boolean, sink: LineSink): Logger {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label: string) => ({ level: label }) },
      serializers: { err: (thrown: unknown) => loggedError(thrown) },
      redact: { paths: SECRET_HEADERS, censor: '[secret]' },
    },
    { write: line => sink.write(forPeople ? readable(line) : line) },
  )
  sink.onRecovered = lines => logger.warn({ lines }, 'log lines could not be written, and are lost')
  return logger
}

type Line = {
  time: string
  level: string
  msg?: string
  err?: LoggedError
  [field: string]: unknown
}

/** `14:03:07 warn  the message  field=value`, and the stack of an error below it. */
function readable(json: string): string {
  const { time, level, msg = '', err, ...fields } = JSON.parse(json) as Line
  const rest = Object.entries(fields).map(([name, value]) => `  ${name}=${JSON.stringify(value)}`)
  const error = err === undefined ? '' : `\n${readableError(err)}`
  return `${new Date(time).toTimeString().slice(0, 8)} ${level.padEnd(5)} ${msg}${rest.join('')}${error}\n`
}

const readableError = ({ stack, message, cause }: LoggedError): string =>
  `${stack ?? message}${cause === undefined ? '' : `\ncaused by: ${readableError(cause)}`}`
