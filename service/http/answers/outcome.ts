/** What a worker reports: a result, or a failure. */
import { BusError } from '../../errors.ts'
import { REASON } from '../../intent/lifecycle.ts'
import type { ResultType } from '../../store/records.ts'
import { jsonWithin } from '../json/limits.ts'
import type { JsonObject } from '../json/object.ts'
import { compactText, flawOf } from '../json/text.ts'
import type { AppSettings } from '../settings.ts'

const LONGEST_ERROR_CHARS = 500

/**
 * @returns the text to keep (JSON text for `json`, the text itself for `text`), or `null` when there is no result
 * @throws {BusError} `invalid_result`, `invalid_payload` (too deep) or `result_too_large`
 */
export function resultOf(
  body: JsonObject,
  type: ResultType,
  limits: Pick<AppSettings, 'maxDepth' | 'maxResultBytes'>,
): string | null {
  const result = body.fields['result']
  if (result === undefined || result === null) return null
  if (type === 'text') return textResult(result, limits.maxResultBytes)
  return jsonWithin(body.sent('result'), {
    what: 'result',
    maxDepth: limits.maxDepth,
    maxBytes: limits.maxResultBytes,
    tooLarge: 'result_too_large',
  })
}

function textResult(result: unknown, maxBytes: number): string {
  if (typeof result !== 'string') {
    throw new BusError('invalid_result', 'result takes a text when result_type is text.')
  }
  const flaw = flawOf(result)
  if (flaw !== null) throw new BusError('invalid_result', `result ${flaw}.`)
  const bytes = Buffer.byteLength(result)
  if (bytes > maxBytes) {
    throw new BusError('result_too_large', `The result has ${bytes} bytes; ${maxBytes} are taken.`)
  }
  return result
}

/** @throws {BusError} `invalid_request` when the text cannot be kept as UTF-8 */
export function failureText(body: JsonObject): string {
  const error = body.fields['error']
  if (error === undefined || error === null || error === '') return REASON.unknown
  if (typeof error !== 'string') return cut(compactText(body.sent('error')))
  const flaw = flawOf(error)
  if (flaw !== null) throw new BusError('invalid_request', `error ${flaw}.`)
  return cut(error)
}

/** At most 500 characters, none of them half an emoji. */
function cut(text: string): string {
  if (text.length <= LONGEST_ERROR_CHARS) return text
  const start = text.slice(0, 2 * LONGEST_ERROR_CHARS)
  return [...start].slice(0, LONGEST_ERROR_CHARS).join('')
}
