/** Bytes as the text that they are, or not at all. */
import { isUtf8 } from 'node:buffer'
import { Failure } from './failure.ts'

/** @param what begins the message: `notes.txt is` @throws {Failure} when they are no UTF-8: replacement characters would take their place */
export function textOf(bytes: Buffer, what: string): string {
  if (isUtf8(bytes)) return bytes.toString()
  throw new Failure(
    `${what} ${kindOf(bytes)}, not UTF-8; the first wrong byte is ${firstWrong(bytes) + 1} of ${bytes.length}.`,
    undefined,
    'Convert it: iconv -t UTF-8. Send binary content as base64.',
  )
}

function kindOf([first, second]: Buffer): string {
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return 'UTF-16'
  return first === 0x1f && second === 0x8b ? 'gzip' : 'bytes in another encoding'
}

/** By halves. With `stream`, a character that is cut off at the end is no wrong byte yet. */
function firstWrong(bytes: Buffer): number {
  let [good, bad] = [0, bytes.length]
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, middle), { stream: true })
      good = middle
    } catch {
      bad = middle
    }
  }
  return good
}
