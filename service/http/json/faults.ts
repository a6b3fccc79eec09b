import { BusError } from '../../errors.ts'
import { DEEPEST, MOST_MEMBERS } from './scan.ts'
import type { ScanFault } from './scan-fault.ts'

/**
 * Where a text stops being JSON, and what is expected there; of the text itself only the character, for an error is read by
 * more people than a body is.
 *
 * @param what "The body", or which item of it @param mostValues that it may have
 */
export function refusalOf(
  { kind, at, takes }: ScanFault,
  bytes: Buffer,
  what: string,
  mostValues: number,
): BusError {
  if (kind === 'members') {
    return new BusError('invalid_request', `${what} has more than ${MOST_MEMBERS} fields.`)
  }
  if (kind === 'deep')
    return new BusError('invalid_payload', `${what} nests more than ${DEEPEST} levels deep.`)
  if (kind === 'many') {
    return new BusError('payload_too_large', `${what} has more than ${mostValues} JSON values.`)
  }
  const wrong = kind === 'early' ? 'it ends too early' : `${shown(bytes, at)} where ${takes} is expected`
  return new BusError('invalid_request', `${what} is not valid JSON: ${wrong}, at ${placeOf(bytes, at)}.`)
}

/** To count the lines of a longer text would hold up everybody else. */
const MOST_COUNTED_BYTES = 1024 * 1024

/** Lines and columns begin at 1, and a column is a character; far into a long text only the byte is told, from 0. */
function placeOf(bytes: Buffer, at: number): string {
  if (at > MOST_COUNTED_BYTES) return `byte ${at}`
  let line = 1
  let column = 1
  for (let i = 0; i < at; i++) {
    const c = bytes[i]!
    if (c === 0x0a) {
      line++
      column = 1
    } else if ((c & 0xc0) !== 0x80) column++
  }
  return `line ${line}, column ${column}`
}

function shown(bytes: Buffer, at: number): string {
  let end = at + 1
  while (end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end++
  return JSON.stringify(bytes.toString('utf8', at, end))
}

const COMPRESSED = [
  { name: 'gzip', starts: [0x1f, 0x8b] },
  { name: 'zstd', starts: [0x28, 0xb5, 0x2f, 0xfd] },
  { name: 'zlib', starts: [0x78, 0x9c] },
]

/**
 * What a body is when it is another form of text than the one that is taken.
 * @returns the reason in words, or `null` when nothing tells
 */
export function foreignForm(bytes: Buffer, encoding: string | undefined): string | null {
  if (encoding !== undefined && encoding !== '' && encoding !== 'identity') {
    return `its Content-Encoding is ${JSON.stringify(encoding.slice(0, 40))}; send it as it is, not compressed`
  }
  const begins = (starts: readonly number[]) => starts.every((byte, i) => bytes[i] === byte)
  const compressed = COMPRESSED.find(({ starts }) => begins(starts))
  if (compressed !== undefined) return `it is compressed (${compressed.name}); send it as it is`
  if (begins([0xef, 0xbb, 0xbf])) return 'it begins with a byte order mark (BOM); send it without'
  if (begins([0xff, 0xfe]) || begins([0xfe, 0xff]) || bytes.subarray(0, 4).includes(0)) {
    return 'it looks like UTF-16 or UTF-32; send it as UTF-8'
  }
  return null
}
