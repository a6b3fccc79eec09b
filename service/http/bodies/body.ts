import { isUtf8 } from 'node:buffer'
import type { FastifyRequest } from 'fastify'
import { BusError } from '../../errors.ts'
import { foreignForm, refusalOf } from '../json/faults.ts'
import { type KnownFields, knownFields } from '../json/known-fields.ts'
import { JsonObject } from '../json/object.ts'
import type { Member, Place } from '../json/places.ts'
import { Scan, type ScanOptions } from '../json/scan.ts'
import { ScanFault } from '../json/scan-fault.ts'
import { SentText } from '../json/sent-text.ts'
import { object } from '../schemas/schema.ts'
import { inTurns, Turn } from '../turns.ts'
import { bytesOf } from './receive.ts'

const OPEN_OBJECT = 0x7b

const BODY = () => 'The body'

/** So much is scanned without a look at the time: less than a millisecond of work, even where each byte is a value. */
const STRIDE_BYTES = 16 * 1024

/** So much of the items is read without a look at the time. A short item costs as much as 256 bytes more. */
const LOOK_BYTES = 4096
const ITEM_BYTES = 256

/** No body at all. */
const EMPTY = Buffer.from('{}')

/**
 * The object that the body is; a promise when it takes more than one turn. No body at all reads as `{}`.
 *
 * @throws {BusError} `invalid_request`: not UTF-8, not JSON, too many fields, a field that comes twice;
 *   `invalid_payload`: no object, or too deep; `payload_too_large`: too many values
 */
export function jsonBody(request: FastifyRequest, known: KnownFields): JsonObject | Promise<JsonObject> {
  const bytes = textOf(request)
  const { mostValues } = known
  const whole = wholeOf(bytes)
  const read = (scan: Scan) => objectOf(new SentText(bytes, whole), whole, membersOf(scan, BODY), known, BODY)
  const scanning = scanned(bytes, whole, BODY, { mostValues })
  return scanning instanceof Promise ? scanning.then(read) : read(scanning)
}

/** The text that was sent for a field which is there. */
export const asSent =
  (object: JsonObject) =>
  (name: string): string =>
    object.sent(name).text

/** The objects of a list in a body, each read by itself: nothing is built of the others meanwhile. */
export type JsonItems = {
  readonly count: number
  /** In order, with pauses in which other requests are served. @throws {BusError} as `jsonBody` does, of the item */
  each<T>(read: (item: JsonObject, index: number) => T | Promise<T>): Promise<T[]>
}

/**
 * @param known what is read of an item
 * @param most objects that the list may have
 * @param mostBytes of one of them, which could have been sent as a body of its own
 * @throws {BusError} `invalid_request`: no JSON, no list, or too long
 */
export async function jsonItems(
  request: FastifyRequest,
  name: string,
  known: KnownFields,
  { most, mostBytes }: { most: number; mostBytes: number },
): Promise<JsonItems> {
  const bytes = textOf(request)
  const whole = wholeOf(bytes)
  const text = new SentText(bytes, whole)
  const scan = await scanned(bytes, whole, BODY, { list: { name, most } })
  const body = objectOf(text, whole, membersOf(scan, BODY), listNamed(name), BODY)
  const count = scan.itemCount
  const isList = name in body.fields && body.sentIsList(name)
  if (!isList || count > most) {
    const got = isList ? `${count}` : name in body.fields ? 'something else' : 'nothing'
    throw new BusError('invalid_request', `${name} takes a list of at most ${most} objects; it got ${got}.`)
  }

  return {
    count,
    async each<T>(read: (item: JsonObject, index: number) => T | Promise<T>) {
      const turn = new Turn()
      const results: T[] = []
      let unseen = 0
      for (let i = 0; i < scan.items.length; i++) {
        if (unseen > LOOK_BYTES) {
          if (turn.isOver) await turn.next()
          unseen = 0
        }
        const item = scan.items[i]!
        const size = item.end - item.start
        unseen += size + ITEM_BYTES
        if (size > mostBytes) {
          throw new BusError('payload_too_large', `${name}[${i}] has ${size} bytes; ${mostBytes} are taken.`)
        }
        const what = () => `${name}[${i}]`
        let members: readonly Member[] | null = item.values <= known.mostValues ? item.members : null
        if (members === null) {
          const scanning = scanned(bytes, item, what, known)
          members = membersOf(scanning instanceof Promise ? await scanning : scanning, what)
        }
        const part = text.isCopied ? text : new SentText(bytes, item)
        const result = read(objectOf(part, item, members, known, what), i)
        results.push(result instanceof Promise ? await result : result)
      }
      return results
    },
  }
}

const listNamed = (name: string): KnownFields => knownFields(object({}), { onlyPlaces: [name] })

/** @throws {BusError} when the bytes are no text of ours to begin with */
function textOf(request: FastifyRequest): Buffer {
  const bytes = bytesOf(request)
  if (bytes.length === 0) return EMPTY
  if (bytes[0] !== OPEN_OBJECT || !isUtf8(bytes)) {
    const form = foreignForm(bytes, request.headers['content-encoding'])
    if (form !== null) throw new BusError('invalid_request', `The body is not JSON: ${form}.`)
    if (!isUtf8(bytes)) throw new BusError('invalid_request', 'The body is not UTF-8.')
  }
  return bytes
}

const wholeOf = (bytes: Buffer): Place => ({ start: 0, end: bytes.length })

/** Scans it all, with pauses when it is long; a short one is no promise. @throws {BusError} */
function scanned(
  bytes: Buffer,
  place: Place,
  what: () => string,
  options: ScanOptions,
): Scan | Promise<Scan> {
  const scan = new Scan(bytes, place, options)
  if (stride(scan, what, options)) return scan
  return inTurns(strides(scan, what, options)).then(() => scan)
}

function* strides(scan: Scan, what: () => string, options: ScanOptions): Generator<void, void> {
  while (!stride(scan, what, options)) yield
}

/** @returns whether that was the end of it @throws {BusError} */
function stride(scan: Scan, what: () => string, { mostValues }: ScanOptions): boolean {
  try {
    return scan.read(STRIDE_BYTES)
  } catch (error) {
    if (error instanceof ScanFault) throw refusalOf(error, scan.bytes, what(), mostValues ?? 0)
    throw error
  }
}

/** @throws {BusError} */
function membersOf({ isObject, members }: Scan, what: () => string): readonly Member[] {
  if (!isObject) throw new BusError('invalid_payload', `${what()} must be an object.`)
  return members
}

/**
 * Of a name that comes twice the two values may be read differently by whoever signs, logs or routes the request: there
 * is no right one.
 */
function objectOf(
  text: SentText,
  place: Place,
  members: readonly Member[],
  known: KnownFields,
  what: () => string,
): JsonObject {
  const object = new JsonObject(text, place, members, known)
  const name = object.repeated()
  if (name !== undefined) {
    throw new BusError(
      'invalid_request',
      `${what()} has the field ${JSON.stringify(name.slice(0, 60))} twice.`,
    )
  }
  return object
}
