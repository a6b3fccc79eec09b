import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * On every response, errors and refused connections included. @fastify/helmet sets its dozen on the one HTML page;
 * here a browser only has to be told to leave the JSON alone.
 */
export const SECURITY_HEADERS = {
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
} as const

const PROTOCOL_VERSION = '2.1'
const REFERENCE_VERSION = '7.61'

/**
 * SDKs compare what stands before the first dot with their own version and warn about a difference, so each hears the
 * numbering it uses.
 */
function intentVersion(headers: IncomingHttpHeaders): string {
  const sent = headers['x-intent-version']
  return typeof sent === 'string' && sent.startsWith('2.') ? PROTOCOL_VERSION : REFERENCE_VERSION
}

const REQUEST_ID = /^[A-Za-z0-9_.:-]{1,128}$/

const processId = randomBytes(6).toString('hex')
let requests = 0

/** The client's own id if it can stand in a log line, else one that is unique in the process and its predecessors. */
export function requestId(request: IncomingMessage): string {
  const sent = request.headers['x-request-id']
  if (typeof sent === 'string' && REQUEST_ID.test(sent)) return sent
  requests += 1
  return `${processId}-${requests.toString(36)}`
}

export function setResponseHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply
    .header('x-frame-options', SECURITY_HEADERS['x-frame-options'])
    .header('x-content-type-options', SECURITY_HEADERS['x-content-type-options'])
    .header('referrer-policy', SECURITY_HEADERS['referrer-policy'])
    .header('cache-control', SECURITY_HEADERS['cache-control'])
    .header('x-intent-version', intentVersion(request.raw.headers))
    .header('x-request-id', request.id)
}
