import { isUtf8 } from 'node:buffer'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { BusError } from '../errors.ts'
import { jsonFault } from './json-fault.ts'
import { Members } from './json-members.ts'
import { skipSpace } from './json-text.ts'

const NO_BYTES = Buffer.alloc(0)

/**
 * Takes every body as the bytes that came, whatever their type says: a signature covers the bytes, and nothing about
 * them is judged before it is known who sent them. Clients of the protocol also send `application/json` with nothing.
 */
export function receiveBytes(app: FastifyInstance): void {
  // The type is not looked at, so a malformed one is no reason to refuse either (Fastify would, with 415), nor is none
  // at all with QUERY, the one method for which Fastify asks for it.
  app.addHook('onRequest', (request, _reply, done) => {
    request.raw.headers['content-type'] = request.method === 'QUERY' ? 'application/octet-stream' : undefined
    done()
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

export function bytesOf(request: FastifyRequest): Buffer {
  return (request.body as Buffer | undefined) ?? NO_BYTES
}

/** The text that was sent for a field which is there. */
export const asSent =
  ({ members }: JsonBody) =>
  (name: string): string => {
    const { start, end } = members.valueOf(name)
    return members.text.slice(start, end)
  }

/** A JSON object: its parsed fields, and where each stands in the text that was sent. */
export type JsonBody = { fields: Readonly<Record<string, unknown>>; members: Members }

const NO_BODY: JsonBody = { fields: {}, members: new Members('{}', 0) }

/**
 * No body at all reads as `{}`.
 * @throws {BusError} `invalid_request`: not UTF-8, not JSON, a field that stands twice; `invalid_payload`: no object
 */
export function jsonBody(request: FastifyRequest): JsonBody {
  const bytes = bytesOf(request)
  if (bytes.length === 0) return NO_BODY
  if (!isUtf8(bytes)) throw new BusError('invalid_request', 'The body is not UTF-8.')
  const text = bytes.toString('utf8')
  return objectOf(text, skipSpace(text, 0), parsed(text), 'The JSON body')
}

/**
 * The parsed value is `fields` and stands at `start`. Of a name that stands twice the two values may be read differently
 * by whoever signs, logs or routes the request: there is no right one.
 *
 * @param what for the message @throws {BusError}
 */
function objectOf(text: string, start: number, fields: unknown, what: string): JsonBody {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw new BusError('invalid_payload', `${what} must be an object.`)
  }
  const members = new Members(text, start)
  if (members.size !== Object.keys(fields).length) {
    const name = JSON.stringify(members.repeated()!.slice(0, 60))
    throw new BusError(
      'invalid_request',
      `The field ${name} stands twice in ${what.replace('The JSON', 'the')}.`,
    )
  }
  return { fields: fields as Record<string, unknown>, members }
}

/**
 * The objects of a list in the body, each with its own text.
 * @throws {BusError} `invalid_request`: no list, or too long; `invalid_payload`: an item that is no object
 */
export function itemsOf(body: JsonBody, name: string, most: number): JsonBody[] {
  const list = body.fields[name]
  if (!Array.isArray(list) || list.length > most) {
    const got = Array.isArray(list) ? `${list.length}` : list === undefined ? 'nothing' : 'something else'
    throw new BusError('invalid_request', `${name} takes a list of at most ${most} objects; it got ${got}.`)
  }
  const { text } = body.members
  let start = body.members.valueOf(name).start
  return list.map((fields, i) => {
    // What stands before it is the bracket, or the comma behind the one before.
    start = skipSpace(text, start + 1)
    const item = objectOf(text, start, fields, `${name}[${i}]`)
    start = skipSpace(text, item.members.end)
    return item
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new BusError('invalid_request', `The body is not valid JSON${jsonFault(error as SyntaxError)}`)
  }
}
