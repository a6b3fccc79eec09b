/** A proxy between client and bus that spoils what it is told to. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export type Mishap =
  /** The bus never sees the request. */
  | 'refused'
  /** The bus does what was asked, and its answer gets lost. */
  | 'answer lost'
  /** None. */
  | 'passes'
  /** Somebody else answers. */
  | { status: number; headers?: Record<string, string>; body?: string }

/** A refusal in the bus's own form, but not by the bus. */
export const refusal = (status: number, code: string, headers: Record<string, string> = {}): Mishap => ({
  status,
  headers: { 'x-intent-version': '7.61', ...headers },
  body: JSON.stringify({ error: { code, message: 'Not now.' } }),
})

export class Gate {
  /** What happens to the next requests, in order; then all goes well. */
  readonly mishaps: Mishap[] = []
  /** What passed by, spoilt or not: `POST /claim?max=1`. */
  readonly seen: { line: string; headers: IncomingMessage['headers']; body: string }[] = []
  /** Called as soon as a request has come in whole. */
  onSeen: () => void = () => undefined
  readonly #server = createServer((incoming, outgoing) => void this.#pass(incoming, outgoing))
  readonly #target: string

  private constructor(target: string) {
    this.#target = target
  }

  static async before(target: string): Promise<Gate> {
    const gate = new Gate(target)
    await new Promise<void>(resolve => gate.#server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      gate.#server.closeAllConnections()
      gate.#server.close()
    })
    return gate
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  lines(containing: string): string[] {
    return this.seen.map(({ line }) => line).filter(line => line.includes(containing))
  }

  async #pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const { method, url, headers } = incoming
    this.seen.push({ line: `${method} ${url}`, headers, body: body.toString() })
    this.onSeen()
    const mishap = this.mishaps.shift()
    if (mishap === 'refused') return void outgoing.destroy()
    if (typeof mishap === 'object') {
      outgoing.writeHead(mishap.status, mishap.headers).end(mishap.body)
      return
    }
    const forwarded = request(this.#target + url, { method, headers }, answer => {
      if (mishap === 'answer lost') return void answer.resume().on('end', () => outgoing.destroy())
      outgoing.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(outgoing)
    })
    forwarded.on('error', () => outgoing.destroy())
    outgoing.on('close', () => forwarded.destroy())
    forwarded.end(body)
  }
}
