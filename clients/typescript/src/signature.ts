/** Strict mode of the protocol: HMAC-SHA256 by the API key, over what is sent. WebCrypto does the arithmetic. */

import { hex, randomId } from './random.ts'

export type Signer = (request: {
  method: string
  /** Percent-decoded, without the query. */
  path: string
  query: readonly (readonly [name: string, value: string])[]
  body: string
  /** Unix ms. */
  wallMs: number
}) => Promise<Record<string, string>>

/** @throws {Error} where there is no WebCrypto: in a browser page that did not come over HTTPS */
export function signerFor(apiKey: string): Signer {
  if (globalThis.crypto?.subtle === undefined) {
    throw new Error('Signing needs WebCrypto, which browsers have only in pages that came over HTTPS.')
  }
  const bytes = new TextEncoder()
  const imported = crypto.subtle.importKey(
    'raw',
    bytes.encode(apiKey),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  return async ({ method, path, query, body, wallMs }) => {
    const timestamp = `${Math.floor(wallMs / 1000)}`
    const nonce = randomId()
    const text = `${method}\n${path}${canonicalQuery(query)}\n${timestamp}\n${nonce}\n${body}`
    const digest = await crypto.subtle.sign('HMAC', await imported, bytes.encode(text))
    return { 'X-Timestamp': timestamp, 'X-Nonce': nonce, 'X-Signature': hex(new Uint8Array(digest)) }
  }
}

/** No call sends a name twice, and names are ASCII: sorting by name is all there is to it. */
function canonicalQuery(query: readonly (readonly [string, string])[]): string {
  if (query.length === 0) return ''
  const sorted = [...query].sort(([a], [b]) => (a < b ? -1 : 1))
  return `?${sorted.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')}`
}

/** RFC 3986: only letters, digits and `-._~` stay bare. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
