import { isUtf8 } from 'node:buffer'
import { BusError } from '../errors.ts'

/** What decides which job a worker gets. */
const DECIDING = ['goal', 'namespace', 'worker_id', 'capabilities'] as const
const QUOTED = DECIDING.map(name => Buffer.from(`"${name}"`))

/** Many times what these fields can be together. More is no question to a bus, and not worth building. */
const LONGEST_BYTES = 16 * 1024

/**
 * `/claim` reads its query and not its body, whatever that is. But one that says what kind of job is wanted was meant for the
 * query: ignored, it would take any job, and use up an attempt of it.
 *
 * @param asked what query and headers name
 * @throws {BusError} `invalid_request` when the body names what they do not
 */
export function refuseMisplaced(body: Buffer, asked: Readonly<Record<string, unknown>>): void {
  if (body.length > LONGEST_BYTES || !QUOTED.some(name => body.includes(name)) || !isUtf8(body)) return
  const fields = objectIn(body.toString('utf8'))
  const name = DECIDING.find(each => isSaid(fields[each]) && !isSaid(asked[each]))
  if (name === undefined) return
  throw new BusError(
    'invalid_request',
    `${name} is in the body, which a claim does not read: put it in the query, as in /claim?${name}=….`,
  )
}

const isSaid = (value: unknown): boolean => value !== undefined && value !== null && value !== ''

/** Whatever is no JSON object has no fields. */
function objectIn(text: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
