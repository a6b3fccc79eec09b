/** One request over Node's own client, and all that came of it. */
import { type Agent, request } from 'node:http'

export type Sent = {
  /** Its `X-Request-ID`. */
  id: string
  method: string
  url: string
  headers: readonly (readonly [name: string, value: string])[]
  body: Buffer | null
  chunked: boolean
}

export type Outcome =
  | { status: number; headers: Readonly<Record<string, unknown>>; text: string; ms: number }
  /** No answer: the code of the error. */
  | { broken: string; ms: number }

/** Longer than any call may wait. */
const PATIENCE_MS = 120_000
/** Larger than the pieces that a socket is read by. */
const CHUNK_BYTES = 100_000

export function send(base: string, agent: Agent, sent: Sent): Promise<Outcome> {
  const begun = performance.now()
  const took = () => performance.now() - begun
  return new Promise(resolve => {
    const { hostname, port } = new URL(base)
    const asked = request({
      agent,
      hostname,
      port,
      method: sent.method,
      path: sent.url,
      headers: flat(sent),
      timeout: PATIENCE_MS,
    })
    asked.on('response', response => {
      const parts: Buffer[] = []
      response.on('data', part => parts.push(part))
      response.on('error', error => resolve({ broken: codeOf(error), ms: took() }))
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          text: Buffer.concat(parts).toString(),
          ms: took(),
        }),
      )
    })
    asked.on('timeout', () => asked.destroy(Object.assign(new Error('too late'), { code: 'TIMEOUT' })))
    asked.on('error', error => resolve({ broken: codeOf(error), ms: took() }))
    const { body } = sent
    if (body !== null) {
      for (let at = 0; at < body.length; at += CHUNK_BYTES) asked.write(body.subarray(at, at + CHUNK_BYTES))
    }
    asked.end()
  })
}

const codeOf = (error: NodeJS.ErrnoException): string => error.code ?? error.message

/** Names may come twice. */
function flat({ id, headers, body, chunked, url }: Sent): string[] {
  const length = body === null || chunked ? [] : ['Content-Length', `${body.length}`]
  const coding = body !== null && chunked ? ['Transfer-Encoding', 'chunked'] : []
  const host = url === '' ? [] : ['Host', 'bus']
  return [...host, 'X-Request-ID', id, ...headers.flat(), ...length, ...coding]
}
