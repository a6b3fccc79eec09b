import { createHmac, timingSafeEqual } from 'node:crypto'
import { BusError } from '../../errors.ts'
import { atOnce, inTurns } from '../turns.ts'

/** How far a signature's timestamp may be off wall time, either way. */
const SIGNATURE_WINDOW_S = 300

/** A timestamp may lie a window ahead and stay good for a window after that; the nonce outlives both. */
export const NONCE_TTL_MS = 2 * SIGNATURE_WINDOW_S * 1000 + 60_000

export type SignatureHeaders = {
  timestamp: string | undefined
  nonce: string | undefined
  signature: string | undefined
}

export type SignedRequest = { method: string; url: string; body: Uint8Array }

/** Whether the timestamp can be read and is too far from wall time: the clock of one of the two is wrong. */
export function isStale(timestamp: string | undefined, wallSeconds: number): boolean {
  if (timestamp === undefined || !TIMESTAMP.test(timestamp)) return false
  return Math.abs(wallSeconds - Number(timestamp)) > SIGNATURE_WINDOW_S
}

/**
 * @param url as it stands in the request line, query included
 * @param wallSeconds wall time, not bus time: the client signs with its own clock
 * @returns the nonce, to be kept with whatever the request does; a promise of it when the body is long
 * @throws {BusError} `invalid_signature`
 */
export function verifySignature(
  request: SignedRequest,
  headers: SignatureHeaders,
  apiKey: string,
  wallSeconds: number,
): string | Promise<string> {
  const { timestamp, nonce, signature } = headers
  if (timestamp === undefined || nonce === undefined || signature === undefined) {
    throw refused('Missing signature headers: X-Timestamp, X-Nonce and X-Signature are sent together.')
  }
  if (!TIMESTAMP.test(timestamp)) throw refused('X-Timestamp is unix time in seconds.')
  if (isStale(timestamp, wallSeconds)) throw refused('Stale timestamp')
  if (!NONCE.test(nonce)) throw refused('X-Nonce is 1 to 128 visible ASCII characters.')
  if (!DIGEST.test(signature)) throw refused('Bad signature')

  const digests = digestSteps(request, `${timestamp}\n${nonce}\n`, apiKey)
  const claimed = Buffer.from(signature, 'hex')
  const judged = (expected: readonly Buffer[]): string => {
    if (expected.some(digest => timingSafeEqual(digest, claimed))) return nonce
    throw refused('Bad signature')
  }
  return request.body.length <= STEP_BYTES ? judged(atOnce(digests)) : inTurns(digests).then(judged)
}

/** About a millisecond on a processor without instructions for SHA-256. */
const STEP_BYTES = 128 * 1024

/** A digest for each form of the URL that may have been signed, all in one run over the body. */
function* digestSteps(
  { method, url, body }: SignedRequest,
  rest: string,
  apiKey: string,
): Generator<void, Buffer[]> {
  const macs = canonicalPaths(url).map(path =>
    createHmac('sha256', apiKey).update(`${method}\n${path}\n${rest}`),
  )
  for (let at = 0; at < body.length; at += STEP_BYTES) {
    if (at > 0) yield
    const part = body.subarray(at, at + STEP_BYTES)
    for (const mac of macs) mac.update(part)
  }
  return macs.map(mac => mac.digest())
}

const TIMESTAMP = /^\d{1,12}(\.\d{1,9})?$/
const NONCE = /^[\x21-\x7e]{1,128}$/
const DIGEST = /^[0-9a-f]{64}$/

const refused = (message: string): BusError => new BusError('invalid_signature', message)

/**
 * What a client may have signed for this URL: the decoded path, then the query with its pairs decoded, sorted and
 * encoded again. Servers differ on repeated keys (sorted by key alone, or by key and value), so there can be two.
 */
function canonicalPaths(url: string): string[] {
  const mark = url.indexOf('?')
  const path = lenientDecode(mark === -1 ? url : url.slice(0, mark))
  const query = mark === -1 ? '' : url.slice(mark + 1)
  if (query === '') return [path]

  const texts = query.split('&').filter(Boolean)
  // Sorting and encoding thousands would take 25 ms, which no limit counts yet; no call has ten.
  if (texts.length > MOST_PAIRS) throw refused(`A signed query has at most ${MOST_PAIRS} parameters.`)
  const pairs = texts.map(pairOf)
  const byKey = pairs.toSorted((a, b) => byCodePoint(a.key, b.key))
  const byBoth = pairs.toSorted((a, b) => byCodePoint(a.key, b.key) || byCodePoint(a.value, b.value))
  const one = `${path}?${encodePairs(byKey)}`
  const other = `${path}?${encodePairs(byBoth)}`
  return one === other ? [one] : [one, other]
}

const MOST_PAIRS = 64

type Pair = { key: string; value: string }

function pairOf(text: string): Pair {
  const spaced = text.replaceAll('+', ' ')
  const equals = spaced.indexOf('=')
  if (equals === -1) return { key: lenientDecode(spaced), value: '' }
  return { key: lenientDecode(spaced.slice(0, equals)), value: lenientDecode(spaced.slice(equals + 1)) }
}

const encodePairs = (pairs: Pair[]): string =>
  pairs.map(({ key, value }) => `${encode(key)}=${encode(value)}`).join('&')

/** RFC 3986: only letters, digits and `-._~` stay bare. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

const SURROGATE = /[\ud800-\udfff]/

/** Python sorts by code point, JavaScript by UTF-16 unit; the bytes of UTF-8 sort as code points do. */
function byCodePoint(a: string, b: string): number {
  if (a === b) return 0
  if (SURROGATE.test(a) || SURROGATE.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return a < b ? -1 : 1
}

/** Percent-decoding as Python's `unquote` does it: a bad escape stays as it is, bad UTF-8 becomes U+FFFD. */
function lenientDecode(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    const bytes = Buffer.from(text)
    const out = Buffer.alloc(bytes.length)
    let length = 0
    for (let i = 0; i < bytes.length; i++) {
      const hex = bytes.toString('latin1', i + 1, i + 3)
      const escaped = bytes[i] === 0x25 && /^[0-9a-fA-F]{2}$/.test(hex)
      out[length++] = escaped ? Number.parseInt(hex, 16) : bytes[i]!
      if (escaped) i += 2
    }
    return out.toString('utf8', 0, length)
  }
}
