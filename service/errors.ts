/** Every error the bus can answer with. The only place a status is chosen; the meaning is what the OpenAPI document says. */
export const CATALOGUE = {
  invalid_request: {
    status: 400,
    meaning: 'The request does not fit; the message names the field, what it got and what it takes.',
  },
  invalid_goal: {
    status: 400,
    meaning: '`goal` does not fit.',
  },
  invalid_namespace: {
    status: 400,
    meaning: '`namespace` does not fit.',
  },
  invalid_payload: {
    status: 400,
    meaning: 'The body, an item of it, or the payload or result in it is not what it must be.',
  },
  invalid_target_worker: {
    status: 400,
    meaning: '`target_worker` does not fit.',
  },
  invalid_required_capability: {
    status: 400,
    meaning: '`required_capability` does not fit.',
  },
  invalid_result: {
    status: 400,
    meaning: '`result` is no text, and `result_type` says it is.',
  },
  invalid_result_type: {
    status: 400,
    meaning: '`result_type` is neither `json` nor `text`.',
  },
  confirmation_required: {
    status: 400,
    meaning: '`confirm` is not `true`.',
  },
  unauthorized: {
    status: 401,
    meaning: 'The credential is missing, wrong or revoked.',
  },
  key_expired: {
    status: 401,
    meaning: 'The key has outlived its time.',
  },
  https_required: {
    status: 403,
    meaning: 'This bus takes requests by HTTPS only.',
  },
  invalid_signature: {
    status: 403,
    meaning: 'The signature is missing, wrong, stale or a replay.',
  },
  forbidden: {
    status: 403,
    meaning: 'The credential is right, and this is not for it.',
  },
  not_found: {
    status: 404,
    meaning: 'There is nothing here, or the lease is no longer yours.',
  },
  request_timeout: {
    status: 408,
    meaning: 'The request took too long to arrive.',
  },
  backup_running: {
    status: 409,
    meaning: 'Another backup is under way.',
  },
  payload_too_large: {
    status: 413,
    meaning: 'The payload, the value or the whole body is too large.',
  },
  result_too_large: {
    status: 413,
    meaning: 'The result is too large.',
  },
  idempotency_conflict: {
    status: 422,
    meaning: 'The idempotency key was used with another body.',
  },
  rate_limited: {
    status: 429,
    meaning: 'Too many requests, or too many wrong credentials from this address.',
  },
  limit_exceeded: {
    status: 429,
    meaning:
      'The key has as many as it may have of what the message names: open intents, bytes of values and open payloads, requests that wait, or requests whose bodies are still on their way.',
  },
  headers_too_large: {
    status: 431,
    meaning: 'The URL or the headers are too long.',
  },
  internal_error: {
    status: 500,
    meaning: 'Something went wrong in the bus, and is in its log.',
  },
  backup_failed: {
    status: 500,
    meaning: 'No backup was made; the message and the log say why.',
  },
  not_supported: {
    status: 501,
    meaning: 'Not with the database that this bus uses; the message says what does it instead.',
  },
  maintenance: {
    status: 503,
    meaning: 'The bus is in maintenance. Nothing was done.',
  },
  overloaded: {
    status: 503,
    meaning:
      'Too much is waiting for the disk, too many large bodies came at once, or too many requests wait on this connection, which is then closed. Nothing was done.',
  },
  draining: {
    status: 503,
    meaning: 'The bus is stopping. Nothing was done.',
  },
  storage_full: {
    status: 503,
    meaning: 'The disk is full, or too full for new intents and values. Nothing was written.',
  },
  storage_failed: {
    status: 503,
    meaning: 'The disk did not confirm. After a crash it may turn out to have been done.',
  },
  store_damaged: {
    status: 503,
    meaning:
      'What it needs is on a damaged part of the database. Nothing was done; the operator has to repair it.',
  },
} as const satisfies Record<string, { status: number; meaning: string }>

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
    return CATALOGUE[this.code].status
  }
}

/** The one shape of every error body. */
export function errorBody(code: ErrorCode, message: string): string {
  return JSON.stringify({ error: { code, message } })
}
