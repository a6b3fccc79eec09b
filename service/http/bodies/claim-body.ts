import { isUtf8 } from 'node:buffer'
import { BusError } from '../../errors.ts'
import { knownFields } from '../json/known-fields.ts'
import { JsonObject } from '../json/object.ts'
import { Scan } from '../json/scan.ts'
import { ScanFault } from '../json/scan-fault.ts'
import { SentText } from '../json/sent-text.ts'
import { object } from '../schemas/schema.ts'

/** What decides which job a worker gets. */
const DECIDING = ['goal', 'namespace', 'worker_id', 'capabilities'] as const
const FIELDS = knownFields(object({}), { also: DECIDING })
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
  const fields = fieldsIn(body)
  const name = DECIDING.find(each => isSaid(fields[each]) && !isSaid(asked[each]))
  if (name === undefined) return
  throw new BusError(
    'invalid_request',
    `${name} is in the body, which a claim does not read: put it in the query, as in /claim?${name}=….`,
  )
}

const isSaid = (value: unknown): boolean => value !== undefined && value !== null && value !== ''

/** Whatever is no JSON object, or has more fields than any, has none. */
function fieldsIn(bytes: Buffer): Readonly<Record<string, unknown>> {
  const place = { start: 0, end: bytes.length }
  const scan = new Scan(bytes, place)
  try {
    scan.read(bytes.length)
  } catch (error) {
    if (error instanceof ScanFault) return {}
    throw error
  }
  return scan.isObject ? new JsonObject(new SentText(bytes, place), place, scan.members, FIELDS).fields : {}
}
