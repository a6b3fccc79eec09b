import { type Logger, pino } from 'pino'
import type { LogLevel } from './config/variables.ts'

/** What can carry a secret in a logged request. */
const SECRET_HEADERS = ['x-api-key', 'x-admin-token', 'authorization', 'cookie'].map(
  name => `req.headers["${name}"]`,
)

/** JSON lines on standard output; on a terminal, lines for people. */
export function openLogger(level: LogLevel, forPeople: boolean): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRET_HEADERS, censor: '[secret]' },
  }
  return forPeople ? pino(options, { write: line => process.stdout.write(readable(line)) }) : pino(options)
}

type Line = {
  time: string
  level: string
  msg?: string
  err?: { message?: string; stack?: string }
  [field: string]: unknown
}

/** `14:03:07 warn  the message  field=value`, and the stack of an error below it. */
function readable(json: string): string {
  const { time, level, msg = '', err, ...fields } = JSON.parse(json) as Line
  const rest = Object.entries(fields).map(([name, value]) => `  ${name}=${JSON.stringify(value)}`)
  const error = err === undefined ? '' : `\n${err.stack ?? err.message ?? ''}`
  return `${new Date(time).toTimeString().slice(0, 8)} ${level.padEnd(5)} ${msg}${rest.join('')}${error}\n`
}
