import { once } from 'node:events'
import type { Server } from 'node:http'
import { createServer, type Server as Listener } from 'node:net'

const V4 = '127.0.0.1'
const V6 = '::1'
/** What this machine says when it has no IPv6, which is no fault. */
const NO_V6 = ['EADDRNOTAVAIL', 'EAFNOSUPPORT']

/** With or without the dot that ends a full name. */
const isLocalhost = (host: string): boolean => /^localhost\.?$/i.test(host)

/** The address that the server itself listens on for a value of HOST. */
export const firstAddressOf = (host: string): string => (isLocalhost(host) ? V4 : host)

/**
 * The other address of `localhost`: clients try both, and some only ::1. Fastify would open a second HTTP server for it, which
 * has none of the limits of the first. This listener speaks no HTTP: it hands its connections to the first server, which
 * counts, bounds and closes them as it does the others (https://nodejs.org/api/http.html#event-connection).
 */
export class SecondAddress {
  readonly #listener: Listener

  constructor(server: Server) {
    // As an HTTP server makes its own.
    const options = { allowHalfOpen: true, noDelay: true }
    this.#listener = createServer(options, socket => server.emit('connection', socket))
  }

  /** Listens if there is another address. A bus that cannot have it serves the first. @param warn hears why it cannot */
  async listen(host: string, port: number, warn: (line: string) => void): Promise<void> {
    if (!isLocalhost(host)) return
    this.#listener.listen({ host: V6, port })
    try {
      await once(this.#listener, 'listening')
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (NO_V6.includes(code)) return
      const why = code === 'EADDRINUSE' ? 'another process listens on it' : code
      warn(
        `HOST is "${host}", and port ${port} of ${V6} cannot be had (${why}): the bus is at ${V4} only. Clients that try ${V6} first reach something else, or nothing.`,
      )
    }
  }

  /** Takes no more connections. Resolves when those that it took are closed. */
  close(): Promise<void> {
    return new Promise(resolve => {
      this.#listener.close(() => resolve())
    })
  }
}
