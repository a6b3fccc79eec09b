import { BusError } from '../../errors.ts'
import type { SentValue } from './object.ts'
import { compactText, unescapedBytes } from './text.ts'

export type JsonLimits = {
  what: 'payload' | 'result'
  maxDepth: number
  maxBytes: number
  tooLarge: 'payload_too_large' | 'result_too_large'
}

/**
 * A value as compact text, if it is neither too deep nor too large.
 * @throws {BusError} `invalid_payload` or the code for too large
 */
export function jsonWithin(sent: SentValue, limits: JsonLimits): string {
  const { what, maxDepth, maxBytes, tooLarge } = limits
  if (sent.depth > maxDepth) {
    throw new BusError(
      'invalid_payload',
      `The ${what} nests ${sent.depth} levels deep; ${maxDepth} are taken.`,
    )
  }
  const json = compactText(sent)
  // Unescaped is never longer than escaped, and mostly the same: the count is only needed near the limit.
  if (json.length * 3 > maxBytes) {
    const bytes = unescapedBytes(json)
    if (bytes > maxBytes) {
      throw new BusError(tooLarge, `The ${what} has ${bytes} bytes as compact JSON; ${maxBytes} are taken.`)
    }
  }
  return json
}
