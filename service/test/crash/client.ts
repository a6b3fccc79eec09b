/** A client over keep-alive connections that says what came back, or that nobody knows. */
import { createHmac, randomUUID } from 'node:crypto'
import { Agent, request } from 'node:http'
import { MASTER_KEY } from '../support/bus-process.ts'

export type Answer = { status: number; text: string; retryAfter: string | undefined }

export type Call = { method: 'GET' | 'POST'; path: string; body: string; headers: Record<string, string> }

export class Client {
  readonly #port: number
  readonly #agent: Agent

  constructor(port: number, connections = 32) {
    this.#port = port
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections })
  }

  /** @returns `null` when the connection died before the whole answer was here: it may have happened, or not */
  send(call: Call): Promise<Answer | null> {
    return new Promise(resolve => {
      const { method, path, body, headers } = call
      const sent = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          agent: this.#agent,
          method,
          path,
          headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        },
        response => {
          let text = ''
          response.setEncoding('utf8')
          response.on('data', chunk => {
            text += chunk
          })
          response.on('end', () =>
            resolve(
              response.complete
                ? { status: response.statusCode!, text, retryAfter: response.headers['retry-after'] }
                : null,
            ),
          )
          response.on('error', () => resolve(null))
        },
      )
      sent.on('error', () => resolve(null))
      sent.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** A call with the master key, unsigned. */
export function call(path: string, body: unknown = '', headers: Record<string, string> = {}): Call {
  return {
    method: 'POST',
    path,
    body: body === '' ? '' : JSON.stringify(body),
    headers: { 'x-api-key': MASTER_KEY, 'content-type': 'application/json', ...headers },
  }
}

export function read(path: string): Call {
  return { method: 'GET', path, body: '', headers: { 'x-api-key': MASTER_KEY } }
}

/** Adds the strict-mode signature. Sent twice, the result is a replay. Paths here need no canonical form: no escapes, one query pair at most. */
export function signed(unsigned: Call): Call {
  const timestamp = `${Math.floor(Date.now() / 1000)}`
  const nonce = randomUUID()
  const signature = createHmac('sha256', MASTER_KEY)
    .update(`${unsigned.method}\n${unsigned.path}\n${timestamp}\n${nonce}\n${unsigned.body}`)
    .digest('hex')
  return {
    ...unsigned,
    headers: {
      ...unsigned.headers,
      'x-timestamp': timestamp,
      'x-nonce': nonce,
      'x-signature': signature,
    },
  }
}
