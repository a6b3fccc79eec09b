/** Which errors a call may answer with, and what the document says of them. */
import { CATALOGUE, type ErrorCode } from '../../errors.ts'
import type { Access, Definition } from '../endpoints/definition.ts'
import type { Keywords } from '../schemas/schema.ts'
import { headersFor, ON_EVERY_ANSWER, RATE_LIMIT } from './headers.ts'

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
  return Map.groupBy(codes, code => CATALOGUE[code].status)
}

/** Calls whose errors are the same share one response; its name says which they are. */
export function responseName(codes: readonly ErrorCode[], access: Access): string {
  return [...codes, ...(challenges(codes, access) ? ['challenge'] : [])].join('.')
}

/** @param codes those of one status */
export function headersOfRefusal(codes: readonly ErrorCode[], access: Access): string[] {
  const { status } = CATALOGUE[codes[0]!]
  const headers = [...ON_EVERY_ANSWER]
  if (status === 429 || status === 503) headers.push('Retry-After')
  if (COUNTED.has(status)) headers.push(...RATE_LIMIT)
  if (challenges(codes, access)) headers.push('WWW-Authenticate')
  return headers
}

export function refusalResponse(codes: readonly ErrorCode[], access: Access): Keywords {
  const narrowed = { properties: { error: { properties: { code: { enum: codes }, message: {} } } } }
  const example = { error: { code: codes[0], message: CATALOGUE[codes[0]!].meaning } }
  return {
    description: codes.map(code => `\`${code}\`: ${CATALOGUE[code].meaning}`).join(' '),
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
