import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export type Reply = { status: number; body: string }

/**
 * One keep-alive connection, one request at a time, and no more of HTTP than a well-known server needs: status line,
 * Content-Length, body. A full client costs as much as the server it is to measure.
 */
export class Connection {
  readonly #socket: Socket
  #text = ''
  #waiting: PromiseWithResolvers<Reply> | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    // Latin 1 keeps one character per byte, which Content-Length counts.
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => this.#take(chunk))
    socket.on('close', () => this.#waiting?.reject(new Error('the server closed the connection')))
    socket.on('error', error => this.#waiting?.reject(error))
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new Connection(socket)
  }

  send(request: string): Promise<Reply> {
    this.#waiting = Promise.withResolvers()
    this.#socket.write(request)
    return this.#waiting.promise
  }

  close(): void {
    this.#waiting = null
    this.#socket.destroy()
  }

  #take(chunk: string): void {
    this.#text += chunk
    const end = this.#text.indexOf('\r\n\r\n')
    if (end === -1) return
    const head = this.#text.slice(0, end)
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0)
    const bodyAt = end + 4
    if (this.#text.length < bodyAt + length) return
    const reply = { status: Number(head.slice(9, 12)), body: this.#text.slice(bodyAt, bodyAt + length) }
    this.#text = ''
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.resolve(reply)
  }
}

export function post(path: string, headers: string, body = ''): string {
  return `POST ${path} HTTP/1.1\r\nhost: bench\r\n${headers}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}
