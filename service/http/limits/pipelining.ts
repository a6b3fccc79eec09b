import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { refusalByHand } from '../connections/connection-errors.ts'

/**
 * Requests that may wait on one connection behind the one that is being answered. Node parses all that has come at once, and
 * 64 KiB hold 1,800 requests of 10 to 15 KB of memory each.
 */
const MOST_BEHIND = 31
/** From so many on all connections, of about 30 MB, each may have only a few more. */
const MANY_IN_ALL = 2048
const FEW_BEHIND = 3
/** Beyond the refusal of the first that is too many, so many are passed over before the connection is cut off. */
const MOST_PASSED_OVER = 32

type Observer = { requestDone(method: string, route: string, status: number, ms: number): void }

/**
 * Bounds what clients send ahead of their answers, before the router sees it. The first request too many is refused in its turn,
 * and the connection closed behind that; a client that pipelines sends the rest again (RFC 9112, 9.3.2).
 *
 * A request that has its connection to itself, as nearly all have, costs one comparison.
 */
export function boundPipelines(server: Server, observer: Observer): void {
  const behind = new WeakMap<Socket, number>()
  let inAll = 0

  const mayPass = (request: IncomingMessage, response: ServerResponse): boolean => {
    const { socket } = request
    // Cut off already: what had come with the rest is still parsed.
    if (socket.destroyed) return false
    const mine = (behind.get(socket) ?? 0) + 1
    behind.set(socket, mine)
    inAll += 1
    response.once('close', () => {
      behind.set(socket, behind.get(socket)! - 1)
      inAll -= 1
    })
    const most = inAll > MANY_IN_ALL ? FEW_BEHIND : MOST_BEHIND
    if (mine <= most) return true
    if (mine > most + MOST_PASSED_OVER) socket.destroy()
    else if (!refused.has(socket)) refuse(request, response)
    return false
  }

  const refused = new WeakSet<Socket>()
  function refuse(request: IncomingMessage, response: ServerResponse): void {
    refused.add(request.socket)
    const { status, headers, body } = refusalByHand(
      'overloaded',
      'Too many requests on this connection wait for their answers. Send the rest again.',
    )
    response.writeHead(status, { ...headers, 'retry-after': '1' }).end(body)
    observer.requestDone(request.method ?? '', 'unmatched', status, 0)
  }

  const [route] = server.listeners('request') as [RequestListener]
  server.removeAllListeners('request')
  server.on('request', (request, response) => {
    if (isAlone(request, response) || mayPass(request, response)) route(request, response)
  })
}

/** Node keeps the answer that is under way on the socket; those of later requests come there in their turn. */
const isAlone = ({ socket }: IncomingMessage, response: ServerResponse): boolean =>
  (socket as { _httpMessage?: object | null })._httpMessage === response
