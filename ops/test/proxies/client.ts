/** A client of the proxy that comes from an address other than the loopback one, and believes one certificate. */
import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import { type Front, ownAddress } from './front.ts'

export type Reply = {
  status: number
  headers: IncomingHttpHeaders
  text: string
  fields: Record<string, unknown>
}

export type Ask = (
  method: 'GET' | 'POST',
  path: string,
  more?: { headers?: Record<string, string>; body?: string; signal?: AbortSignal },
) => Promise<Reply>

/** With the connections kept, as clients of the bus keep theirs. */
export function clientOf(front: Front, key: string): Ask {
  const agent = new Agent({ keepAlive: true, ca: readFileSync(front.authority), servername: 'localhost' })
  return (method, path, { headers = {}, body, signal } = {}) =>
    new Promise((resolve, reject) => {
      const asked = request(
        {
          agent,
          host: ownAddress(),
          port: front.port,
          method,
          path,
          signal,
          headers: { host: `localhost:${front.port}`, 'x-api-key': key, ...headers },
        },
        answer => {
          text(answer).then(got => {
            const fields = got.startsWith('{') ? JSON.parse(got) : {}
            resolve({ status: answer.statusCode!, headers: answer.headers, text: got, fields })
          }, reject)
        },
      )
      asked.on('error', reject)
      asked.end(body)
    })
}
