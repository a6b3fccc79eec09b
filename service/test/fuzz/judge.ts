/** What an answer may be, whatever was asked. */
import { CATALOGUE, type ErrorCode } from '../../errors.ts'
import type { Call } from './document.ts'
import type { Outcome, Sent } from './send.ts'

/** Node's limit for the URL and headers of a request, in bytes. */
const MOST_HEADER_BYTES = 16 * 1024

/** @returns what is wrong with it, or `null` */
export function faultOf(sent: Sent, call: Call, outcome: Outcome): string | null {
  if ('broken' in outcome) {
    // The bus answers those at once and closes, and the rest of the body meets a closed connection.
    return isTooLong(sent) ? null : `no answer: ${outcome.broken}`
  }
  const { status, headers, text } = outcome
  if (headers['x-intent-version'] === undefined) return `${status} without X-Intent-Version`
  if (status < 400) return call.answers.has(status) ? null : `${status}, which the document does not have`
  const code = codeIn(text)
  if (code === null || CATALOGUE[code].status !== status)
    return `${status} in another form: ${text.slice(0, 200)}`
  if (code === 'internal_error') return `${status} ${text}`
  // A path whose words are empty or have a slash in them is another call, or none.
  if (code === 'not_found' || isTooLong(sent)) return null
  return call.answers.get(status)?.has(code)
    ? null
    : `${status} ${code}, which the document does not have: ${text}`
}

function codeIn(text: string): ErrorCode | null {
  try {
    const { error, ...others } = JSON.parse(text)
    const isShape = Object.keys(others).length === 0 && Object.keys(error).join() === 'code,message'
    return isShape && Object.hasOwn(CATALOGUE, error.code) ? error.code : null
  } catch {
    return null
  }
}

const isTooLong = ({ url, headers }: Sent): boolean =>
  headers.flat().join('    ').length + url.length > MOST_HEADER_BYTES - 1024

/** Lines of the log that say that something went wrong in the bus. */
export const faultsInLog = (lines: readonly string[]): string[] =>
  lines.filter(line => !line.startsWith('{') || /"level":"(error|fatal)"/.test(line))
