/** Which errors a call may answer with, and what the document says of them. */
import { CATALOGUE, type ErrorCode } from '../../errors.ts'
import type { Access, Definition } from '../endpoints/definition.ts'
import type { Keywords } from '../schemas/schema.ts'
import { headersFor, ON_EVERY_ANSWER, RATE_LIMIT } from './headers.ts'

const MEANINGS: Record<ErrorCode, string> = {
  invalid_request: 'The request does not fit; the message names the field, what it got and what it takes.',
  invalid_goal: '`goal` does not fit.',
  invalid_namespace: '`namespace` does not fit.',
  invalid_payload: 'The body, an item of it, or the payload or result in it is not what it must be.',
  invalid_target_worker: '`target_worker` does not fit.',
  invalid_required_capability: '`required_capability` does not fit.',
  invalid_result: '`result` is no text, and `result_type` says it is.',
  invalid_result_type: '`result_type` is neither `json` nor `text`.',
  confirmation_required: '`confirm` is not `true`.',
  unauthorized: 'The credential is missing, wrong or revoked.',
  key_expired: 'The key has outlived its time.',
  https_required: 'This bus takes requests by HTTPS only.',
  invalid_signature: 'The signature is missing, wrong, stale or a replay.',
  forbidden: 'The credential is right, and this is not for it.',
  not_found: 'There is nothing here, or the lease is no longer yours.',
  request_timeout: 'The request took too long to arrive.',
  backup_running: 'Another backup is under way.',
  payload_too_large: 'The payload, the value or the whole body is too large.',
  result_too_large: 'The result is too large.',
  idempotency_conflict: 'The idempotency key was used with another body.',
  rate_limited: 'Too many requests, or too many wrong credentials from this address.',
  limit_exceeded:
    'The key has as many as it may have of what the message names: open intents, bytes of values and open payloads, requests that wait, or requests whose bodies are still on their way.',
  headers_too_large: 'The URL or the headers are too long.',
  internal_error: 'Something went wrong in the bus, and is in its log.',
  backup_failed: 'No backup was made; the message and the log say why.',
  not_supported: 'Not with the database that this bus uses; the message says what does it instead.',
  maintenance: 'The bus is in maintenance. Nothing was done.',
  overloaded:
    'Too much is waiting for the disk, too many large bodies came at once, or too many requests wait on this connection, which is then closed. Nothing was done.',
  draining: 'The bus is stopping. Nothing was done.',
  storage_full: 'The disk is full, or too full for new intents and values. Nothing was written.',
  storage_failed: 'The disk did not confirm. After a crash it may turn out to have been done.',
  store_damaged:
    'What it needs is on a damaged part of the database. Nothing was done; the operator has to repair it.',
}

/** The last one on a connection with too many requests that wait for their answers. */
const ANY_CALL: ErrorCode[] = [
  'invalid_request',
  'request_timeout',
  'headers_too_large',
  'internal_error',
  'overloaded',
]
const STORAGE: ErrorCode[] = ['storage_full', 'storage_failed', 'store_damaged']

const BY_ACCESS: Record<Access, ErrorCode[]> = {
  open: [],
  public: ['https_required', 'maintenance'],
  metrics: ['https_required', 'unauthorized', 'rate_limited'],
  admin: ['https_required', 'unauthorized', 'rate_limited', ...STORAGE],
  key: [
    'https_required',
    'maintenance',
    'unauthorized',
    'key_expired',
    'invalid_signature',
    'rate_limited',
    ...STORAGE,
  ],
}

/**
 * A POST may bring a body, however little it is looked at, and a key may have only so many on their way; a page of another site may
 * not make an admin's browser send one.
 */
const OF_A_POST: Partial<Record<Access, ErrorCode[]>> = {
  admin: ['payload_too_large', 'forbidden'],
  key: ['payload_too_large', 'limit_exceeded'],
}

/** Status → codes, in the order of the catalogue. */
export function refusalsOf({ access, method, errors = [] }: Definition): Map<number, ErrorCode[]> {
  const possible = new Set([
    ...ANY_CALL,
    ...BY_ACCESS[access],
    ...((method === 'post' && OF_A_POST[access]) || []),
    ...errors,
  ])
  const codes = (Object.keys(CATALOGUE) as ErrorCode[]).filter(code => possible.has(code))
  return Map.groupBy(codes, code => CATALOGUE[code])
}

/** Calls whose errors are the same share one response; its name says which they are. */
export function responseName(codes: readonly ErrorCode[], access: Access): string {
  return [...codes, ...(challenges(codes, access) ? ['challenge'] : [])].join('.')
}

/** @param codes those of one status */
export function headersOfRefusal(codes: readonly ErrorCode[], access: Access): string[] {
  const status = CATALOGUE[codes[0]!]
  const headers = [...ON_EVERY_ANSWER]
  if (status === 429 || status === 503) headers.push('Retry-After')
  if (COUNTED.has(status)) headers.push(...RATE_LIMIT)
  if (challenges(codes, access)) headers.push('WWW-Authenticate')
  return headers
}

export function refusalResponse(codes: readonly ErrorCode[], access: Access): Keywords {
  const narrowed = { properties: { error: { properties: { code: { enum: codes }, message: {} } } } }
  const example = { error: { code: codes[0], message: MEANINGS[codes[0]!] } }
  return {
    description: codes.map(code => `\`${code}\`: ${MEANINGS[code]}`).join(' '),
    headers: headersFor(headersOfRefusal(codes, access)),
    content: {
      'application/json': {
        schema: { allOf: [{ $ref: '#/components/schemas/ErrorAnswer' }, narrowed] },
        example,
      },
    },
  }
}

/** Statuses that a request may get after it was counted against its key: 401 when the key ends while it waits. */
const COUNTED: ReadonlySet<number> = new Set([400, 401, 403, 404, 408, 413, 422, 429, 500, 503])

/** Browsers are asked for a password where one opens the call. */
const challenges = (codes: readonly ErrorCode[], access: Access): boolean =>
  codes.includes('unauthorized') && access !== 'key'
