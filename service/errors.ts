/** Every error the bus can answer with: code → status. The only place a status is chosen. */
export const CATALOGUE = {
  invalid_request: 400,
  invalid_goal: 400,
  invalid_namespace: 400,
  invalid_payload: 400,
  invalid_target_worker: 400,
  invalid_required_capability: 400,
  invalid_result: 400,
  invalid_result_type: 400,
  confirmation_required: 400,
  unauthorized: 401,
  key_expired: 401,
  https_required: 403,
  invalid_signature: 403,
  forbidden: 403,
  not_found: 404,
  request_timeout: 408,
  backup_running: 409,
  payload_too_large: 413,
  result_too_large: 413,
  idempotency_conflict: 422,
  rate_limited: 429,
  limit_exceeded: 429,
  headers_too_large: 431,
  internal_error: 500,
  backup_failed: 500,
  not_supported: 501,
  maintenance: 503,
  overloaded: 503,
  draining: 503,
  storage_full: 503,
  storage_failed: 503,
  store_damaged: 503,
} as const satisfies Record<string, number>

export type ErrorCode = keyof typeof CATALOGUE

/** An answer that is not a success. `retryAfter` is in whole seconds, 1..60: clients sleep for it unbounded. */
export class BusError extends Error {
  override readonly name = 'BusError'
  readonly code: ErrorCode
  readonly retryAfter: number | undefined

  constructor(code: ErrorCode, message: string, retryAfterSeconds?: number) {
    super(message)
    this.code = code
    this.retryAfter =
      retryAfterSeconds === undefined ? undefined : Math.min(60, Math.max(1, Math.ceil(retryAfterSeconds)))
  }

  get status(): number {
    return CATALOGUE[this.code]
  }
}

/** The one shape of every error body. */
export function errorBody(code: ErrorCode, message: string): string {
  return JSON.stringify({ error: { code, message } })
}
