import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Called with the whole reply as Latin-1 text, one character per byte. */
export type OnReply = (reply: string) => void

/**
 * One keep-alive connection, one request at a time, and no more of HTTP than a well-known server needs: status line,
 * Content-Length, body. A full client, or a promise per request, costs as much as the server it is to measure.
 */
export class Connection {
  readonly #socket: Socket
  #received = ''
  #onReply: OnReply | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#take(chunk.toString('latin1')))
    socket.on('close', () => {
      if (this.#onReply !== null) throw new Error('the server closed the connection')
    })
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new Connection(socket)
  }

  /** @param request of ASCII alone */
  send(request: string | Buffer, onReply: OnReply): void {
    this.#onReply = onReply
    if (typeof request === 'string') this.#socket.write(request, 'latin1')
    else this.#socket.write(request)
  }

  close(): void {
    this.#onReply = null
    this.#socket.destroy()
  }

  #take(chunk: string): void {
    this.#received = this.#received === '' ? chunk : this.#received + chunk
    if (!isWhole(this.#received)) return
    const reply = this.#received
    const onReply = this.#onReply
    this.#received = ''
    this.#onReply = null
    onReply?.(reply)
  }
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return false
  const at = text.indexOf('content-length: ')
  const length = at === -1 || at > end ? 0 : Number.parseInt(text.slice(at + 16, at + 24), 10)
  return text.length >= end + 4 + length
}

export const statusOf = (reply: string): number => Number(reply.slice(9, 12))

export function post(path: string, headers: string, body = ''): string {
  return `POST ${path} HTTP/1.1\r\nhost: bench\r\n${headers}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}
