/** As deep as causes and the errors of an `AggregateError` are followed. */
const MOST_LEVELS = 4
/** Of one `AggregateError`: a connection that failed has one for each address. */
const MOST_ERRORS = 8

export type LoggedError = {
  type: string
  message: string
  code?: string
  stack?: string
  cause?: LoggedError
  aggregateErrors?: LoggedError[]
}

/**
 * What the log says of an error, a warning or anything else that was thrown: its name, message, code and stack, and the same of
 * what caused it. Nothing else of it: Node hangs sockets, requests and buffers on its errors, and with them the keys of clients.
 */
export function loggedError(thrown: unknown, levels = MOST_LEVELS): LoggedError {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: String(thrown) }
  const { name, message, stack, cause } = thrown
  const { code, errors } = thrown as { code?: unknown; errors?: unknown }
  const isDeeper = levels > 1
  return {
    type: name,
    message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(stack === undefined ? {} : { stack }),
    ...(isDeeper && cause !== undefined ? { cause: loggedError(cause, levels - 1) } : {}),
    ...(isDeeper && Array.isArray(errors)
      ? { aggregateErrors: errors.slice(0, MOST_ERRORS).map(each => loggedError(each, levels - 1)) }
      : {}),
  }
}
