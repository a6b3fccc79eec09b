import { errorCodes, type FastifyInstance, type FastifyRequest } from 'fastify'
import { BusError } from '../../errors.ts'
import type { Count, UnfinishedBodies } from '../limits/unfinished-bodies.ts'

const NO_BYTES = Buffer.alloc(0)
const FIRST_ROOM_BYTES = 64 * 1024

/** A long body that stalls would hold its place for as long as a request may take. */
const LOOK_EVERY_MS = 5000
/** Less than any modem: 1 KiB/s. */
const LEAST_IN_BETWEEN_BYTES = 5 * 1024

/**
 * Takes every body as the bytes that came, whatever their type says: a signature covers the bytes, and nothing about
 * them is judged before it is known who sent them. Clients of the protocol also send `application/json` with nothing.
 */
export function receiveBytes(app: FastifyInstance, unfinished: UnfinishedBodies, enter: Enter): void {
  // The type is not looked at, so a malformed one is no reason to refuse either (Fastify would, with 415), nor is none
  // at all with QUERY, the one method for which Fastify asks for it.
  app.addHook('onRequest', (request, reply, done) => {
    request.response = reply.raw
    request.raw.headers['content-type'] = request.method === 'QUERY' ? 'application/octet-stream' : undefined
    done()
  })
  app.decorateRequest('response')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (request, _payload, done) => collect(request, unfinished, enter, done))
}

export function bytesOf(request: FastifyRequest): Buffer {
  return (request.body as Buffer | undefined) ?? NO_BYTES
}

/** Asked before more than a little is read. @param bytes that it may have @throws {BusError} when there is no room for it */
type Enter = (request: FastifyRequest, bytes: number) => void

type Done = (error: Error | null, body?: Buffer) => void

/**
 * Puts a body together in one stretch of memory that grows with what has come; it counts as one of its key's meanwhile. Fastify
 * keeps the pieces until the end: a body in chunks of one byte would be a million of them, at 200 bytes each.
 */
function collect(request: FastifyRequest, unfinished: UnfinishedBodies, enter: Enter, done: Done): void {
  const { raw, caller } = request
  const limit = request.routeOptions.bodyLimit!
  const said = raw.headers['content-length']
  const announced = said === undefined ? null : Number(said)
  if (announced !== null && announced > limit) {
    done(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE())
    return
  }
  let count: Count | null = null
  try {
    if (caller !== null) count = unfinished.begin(caller)
  } catch (error) {
    done(error as Error)
    return
  }

  let room: Buffer = NO_BYTES
  let length = 0
  let isLarge = false

  const take = (chunk: Buffer): void => {
    const needed = length + chunk.length
    if (needed > limit) {
      end(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE())
      return
    }
    if (needed > FIRST_ROOM_BYTES && !isLarge && !entered()) return
    // Most come in one piece, which needs no copy.
    if (length === 0) room = chunk
    else append(chunk, needed)
    length = needed
  }

  function append(chunk: Buffer, needed: number): void {
    if (needed > room.length) {
      const larger = Buffer.allocUnsafe(Math.min(announced ?? limit, roomFor(needed)))
      room.copy(larger, 0, 0, length)
      room = larger
    }
    chunk.copy(room, length)
  }

  /** Once there is room for all of it, it is taken at once: no page of it is there before it is written to. */
  function roomFor(needed: number): number {
    if (announced !== null && isLarge) return announced
    return Math.max(needed, 2 * room.length, FIRST_ROOM_BYTES)
  }

  function entered(): boolean {
    isLarge = true
    try {
      enter(request, announced ?? limit)
    } catch (error) {
      end(error as Error)
      return false
    }
    return true
  }

  let before = 0
  const look = (): void => {
    if (length - before < LEAST_IN_BETWEEN_BYTES) {
      end(new BusError('request_timeout', 'The body came too slowly, or stopped coming.'))
    }
    before = length
  }
  const isLong = announced === null || announced > FIRST_ROOM_BYTES
  const watch = isLong ? setInterval(look, LOOK_EVERY_MS) : undefined

  const whole = (): void => {
    if (announced !== null && length !== announced) {
      end(new errorCodes.FST_ERR_CTP_INVALID_CONTENT_LENGTH())
      return
    }
    clearInterval(watch)
    unfinished.end(count)
    // Nothing else is emitted behind the end of it.
    raw.off('error', broken)
    done(null, length === room.length ? room : room.subarray(0, length))
  }

  const broken = (error: Error & { statusCode?: number }): void => {
    error.statusCode ??= 400
    end(error)
  }

  function end(error: Error): void {
    clearInterval(watch)
    unfinished.end(count)
    raw.off('data', take)
    raw.off('end', whole)
    raw.off('error', broken)
    done(error)
  }

  raw.on('data', take)
  raw.on('end', whole)
  raw.on('error', broken)
  raw.resume()
}
