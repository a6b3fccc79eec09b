import { createHmac, randomUUID } from 'node:crypto'

export type Signing = {
  /** Unix seconds. */
  timestamp: number | string
  nonce?: string
  /** The canonical path, when the test means to decide it; else it is worked out from the path. */
  canonical?: string
}

/** The headers of a signed request, written from the protocol's words and not from the code that checks them. */
export function sign(
  request: { method: string; path: string; body: string | Buffer; key: string },
  { timestamp, nonce = randomUUID(), canonical = canonicalPath(request.path) }: Signing,
): Record<string, string> {
  const signature = createHmac('sha256', request.key)
    .update(`${request.method}\n${canonical}\n${timestamp}\n${nonce}\n`)
    .update(request.body)
    .digest('hex')
  return { 'x-timestamp': `${timestamp}`, 'x-nonce': nonce, 'x-signature': signature }
}

/** Enough for paths without repeated keys, which is what SDKs send. */
function canonicalPath(path: string): string {
  const [name = '', query] = path.split('?')
  const decoded = decodeURIComponent(name)
  if (!query) return decoded
  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  const pairs = [...new URLSearchParams(query)].sort(([a], [b]) => (a < b ? -1 : 1))
  return `${decoded}?${pairs.map(([key, value]) => `${encode(key)}=${encode(value)}`).join('&')}`
}
