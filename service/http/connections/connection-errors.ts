import type { Socket } from 'node:net'
import { CATALOGUE, type ErrorCode, errorBody } from '../../errors.ts'
import { requestId, SECURITY_HEADERS } from '../answers/response-headers.ts'

const REASON: Partial<Record<ErrorCode, string>> = {
  invalid_request: 'Bad Request',
  request_timeout: 'Request Timeout',
  headers_too_large: 'Request Header Fields Too Large',
}

/** Node's own refusals, made before there is a request to answer: written to the socket, in the one error shape. */
export function answerConnectionError(error: NodeJS.ErrnoException, socket: Socket): void {
  // The client is gone, or has an answer on its way already, or speaks on after it was told that this is the end.
  // Garbage behind a request that is still being answered: its answer must not be taken for that one's.
  const answering = (socket as { _httpMessage?: { req: { complete: boolean } } })._httpMessage
  const outstanding = answering?.req.complete === true
  if (
    error.code === 'ECONNRESET' ||
    error.code === 'HPE_CLOSED_CONNECTION' ||
    !socket.writable ||
    outstanding
  ) {
    socket.destroy()
    return
  }
  const { code, message } = refusal(error)
  const { status, headers, body } = refusalByHand(code, message)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${REASON[code]}\r\n${lines.join('')}\r\n${body}`)
}

type ByHand = { status: number; headers: Record<string, string>; body: string }

/** A refusal behind which the connection is closed, made without the router and its hooks. */
export function refusalByHand(code: ErrorCode, message: string): ByHand {
  const body = errorBody(code, message)
  const headers = {
    ...SECURITY_HEADERS,
    'x-intent-version': '7.61',
    'x-request-id': requestId({ headers: {} } as Parameters<typeof requestId>[0]),
    'content-type': 'application/json; charset=utf-8',
    'content-length': `${Buffer.byteLength(body)}`,
    connection: 'close',
  }
  return { status: CATALOGUE[code].status, headers, body }
}

function refusal(error: NodeJS.ErrnoException): { code: ErrorCode; message: string } {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { code: 'request_timeout', message: 'The request did not arrive in time.' }
    case 'HPE_HEADER_OVERFLOW':
      return { code: 'headers_too_large', message: 'The request line and headers are too long.' }
    default:
      return { code: 'invalid_request', message: 'This is not HTTP/1.1.' }
  }
}
